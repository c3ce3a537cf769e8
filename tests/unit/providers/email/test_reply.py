"""What is left of a reply when the mail that it answers is taken away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers.email import trim_reply

ANSWER = "Yes, Tuesday is fine.\n\nAda"
QUOTE = "> When would you like to come?\n> \n> The workshop"


@pytest.mark.parametrize(
    "attribution",
    [
        "On Tue, Jan 6, 2026 at 10:15 AM Workshop <desk@example.com> wrote:",
        "On 6 Jan 2026, at 10:15, Workshop wrote:",
        "On Tue, Jan 6, 2026 at 10:15 AM Workshop\n<desk@example.com> wrote:",
        "On Tue, Jan 6, 2026\nat 10:15 AM Workshop\n<desk@example.com> wrote:",
        "Am Di., 6. Jan. 2026 um 10:15 Uhr schrieb Werkstatt <desk@example.com>:",
        "Am 06.01.26 um 10:15 schrieb Werkstatt:",
        "Le mar. 6 janv. 2026 à 10:15, Atelier <desk@example.com> a écrit :",
        "El mar, 6 ene 2026 a las 10:15, Taller (<desk@example.com>) escribió:",
        "Il giorno mar 6 gen 2026 alle ore 10:15 Officina <desk@example.com> ha scritto:",
        "Em ter., 6 de jan. de 2026 às 10:15, Oficina <desk@example.com> escreveu:",
        "Op di 6 jan 2026 om 10:15 schreef Werkplaats <desk@example.com>:",
        "W dniu 6.01.2026 o 10:15, Warsztat pisze:",
        "wt., 6 sty 2026 o 10:15 Warsztat <desk@example.com> napisał(a):",
        "Den tis 6 jan. 2026 kl 10:15 skrev Verkstad <desk@example.com>:",
        "ti 6. tammik. 2026 klo 10.15 Paja (desk@example.com) kirjoitti:",
        "Dne út 6. 1. 2026 10:15 uživatel Dílna <desk@example.com> napsal:",
        "вт, 6 янв. 2026 г. в 10:15, Мастерская <desk@example.com> написал:",
        "Atölye <desk@example.com>, 6 Oca 2026 Sal, 10:15 tarihinde şunu yazdı:",
        "2026年1月6日(火) 10:15 工房 <desk@example.com>:",
        "工房 <desk@example.com> 于2026年1月6日周二 10:15写道：",
    ],
)
def test_the_line_above_a_quotation_in_many_languages(attribution: str) -> None:
    assert trim_reply(f"{ANSWER}\n\n{attribution}\n\n{QUOTE}\n") == ANSWER


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: Workshop",
        "-----Ursprüngliche Nachricht-----\nVon: Werkstatt",
        "----- Message d'origine -----\nDe : Atelier",
        "-----Messaggio originale-----\nDa: Officina",
        "From: Workshop <desk@example.com>\nSent: Tuesday, January 6, 2026 10:15\n"
        "To: Ada <ada@example.com>\nSubject: Your bicycle",
        "________________________________\nFrom: Workshop <desk@example.com>\n"
        "Sent: Tuesday\nTo: Ada\nSubject: Your bicycle",
        "*From:* Workshop <desk@example.com>\n*Date:* Tuesday\n*To:* Ada\n*Subject:* Your bicycle",
        "Von: Werkstatt\nGesendet: Dienstag, 6. Januar 2026\nAn: Ada\nBetreff: Ihr Fahrrad",
        "De : Atelier\nEnvoyé : mardi 6 janvier 2026\nÀ : Ada\nObjet : Votre vélo",
        "De: Taller\nEnviado el: martes\nPara: Ada\nAsunto: Su bicicleta",
        "Da: Officina\nInviato: martedì\nA: Ada\nOggetto: La tua bici",
        "Van: Werkplaats\nVerzonden: dinsdag\nAan: Ada\nOnderwerp: Uw fiets",
        "发件人: 工房\n发送时间: 2026年1月6日\n收件人: Ada\n主题: 自行车",
    ],
)
def test_the_blocks_of_outlook(block: str) -> None:
    assert trim_reply(f"{ANSWER}\n\n{block}\n\nWhen would you like to come?\n") == ANSWER


def test_windows_line_ends() -> None:
    text = f"{ANSWER}\n\nOn 6 Jan 2026, at 10:15, Workshop wrote:\n{QUOTE}".replace("\n", "\r\n")
    assert trim_reply(text) == ANSWER


def test_an_answer_below_the_quotation_is_kept() -> None:
    text = f"On 6 Jan 2026, at 10:15, Workshop wrote:\n{QUOTE}\n\n{ANSWER}"
    assert trim_reply(text) == ANSWER


def test_answers_between_the_lines_keep_their_questions() -> None:
    text = "> Which day?\n\nTuesday.\n\n> And when?\n\nAt ten.\n\n> Goodbye\n"
    assert trim_reply(text) == "> Which day?\n\nTuesday.\n\n> And when?\n\nAt ten."


@pytest.mark.parametrize(
    "signature",
    ["-- \nAda Lovelace\nLondon", "--\nAda", "Sent from my iPhone", "Von meinem iPhone gesendet"],
)
def test_signatures_go(signature: str) -> None:
    assert trim_reply(f"{ANSWER}\n\n{signature}\n") == ANSWER
    assert trim_reply(f"{ANSWER}\n{signature}\n\nOn 6.1. at 10:15 W wrote:\n{QUOTE}") == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "On the wall somebody wrote:\nhello",
        "Please write to Bob <bob@example.com>:\nhe knows.",
        "From: my point of view\nthis is fine",
        "To: do\n\n- milk\n- bread",
        "a\n--\n" + "\n".join(f"line {number}" for number in range(20)),
        "-- a dash at the beginning",
        "Le chat a mangé, il a dormi :\npuis il est parti.",
        "",
        "> all of it\n> is quoted",
        "---------- Forwarded message ---------\nFrom: Bob <bob@example.com>\nHi Ada",
        "From: Bob\nSent: Tuesday\nTo: Ada\nSubject: Hello\n\nA forwarded mail without a comment",
        "-- \nonly a signature",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert trim_reply(text) == text.strip()


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "-------- Weitergeleitete Nachricht --------",
        "---------- Message transféré ---------",
        "Begin forwarded message:",
        "Anfang der weitergeleiteten Nachricht:",
    ],
)
def test_what_is_passed_on_is_part_of_what_somebody_says(mark: str) -> None:
    mail = (
        "From: Bob <b@example.com>\nDate: Tuesday\nTo: Ada\nSubject: Fork\n\nIt is bent.\n> Is it?"
    )
    text = f"{ANSWER}\n\n-- \nAda\n\n{mark}\n{mail}"
    assert trim_reply(text) == f"{ANSWER}\n\n{mark}\n{mail}"


def test_what_was_passed_on_in_an_older_mail_goes_with_it() -> None:
    older = (
        "-----Original Message-----\nFrom: a\nSee below\n---------- Forwarded message ---------\nx"
    )
    assert trim_reply(f"{ANSWER}\n\n{older}") == ANSWER


PIECES = st.sampled_from(
    [
        *(
            "On 6 Jan 2026, at 10:15, Ada wrote:",
            "> quoted",
            ">> deeper",
            "",
            "words",
            "-- ",
            "--",
        ),
        *(
            "-----Original Message-----",
            "---------- Forwarded message ---------",
            "From: a",
            "Sent: b",
            "To: c",
            "_" * 12,
            "Am 1.1. schrieb",
        ),
        *("Sent from my iPhone", "\r", " ", ":", "<a@b> 10:15:", "wrote:"),
    ]
)


@given(
    st.one_of(
        st.text(), st.lists(PIECES).map("\n".join), st.lists(st.text() | PIECES).map("\n".join)
    )
)
def test_nothing_is_added_and_nothing_raises(text: str) -> None:
    trimmed = trim_reply(text)
    assert len(trimmed) <= len(text)
    assert bool(trimmed) == bool(text.strip())
    remaining = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for line in trimmed.split("\n"):
        assert any(line in other for other in remaining), "a line that was not there"


@given(st.lists(st.text(alphabet="abc äö\n", max_size=30), max_size=5).map("\n".join))
def test_plain_words_are_left_alone(text: str) -> None:
    assert trim_reply(text) == text.strip()
