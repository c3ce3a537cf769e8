"""What somebody wrote in a reply, without the mail that it replies to.

There is no standard for quoting. What is recognised: lines that begin with ``>``, the line "On …
wrote:" above them in the languages of the larger mail programs, Outlook's blocks of "From: Sent:
To: Subject:", its line "Original Message", and signatures below ``-- ``. In doubt the text stays.
"""

from __future__ import annotations

import re

_LONGEST_LINE = 400
_LONGEST_SIGNATURE = 8
_ATTRIBUTION_LINES = 3
_MOST_QUOTATIONS = 20

# The line above a quotation. Where a line in the middle of a text might look alike, a date, an
# address or a time has to be in it.
_ATTRIBUTIONS = re.compile(
    r"""^(?:
        on\b.*\bwrote
      | am\b.*\bschrieb\b.*
      | le\b.*\ba\s(?:é|e)crit
      | el\b.*\bescribi(?:ó|o)
      | il\b.*\bha\sscritto
      | em\b.*\bescreveu
      | op\b.*\b(?:schreef|het\svolgende\sgeschreven)\b.*
      | (?:w\s)?dniu\b.*\b(?:napisał|pisze|pisał)\b.*
      | den\b.*\bskrev\b.*
      | .*\bkirjoitti
      | dne\b.*\bnapsal\b.*
      | .*\b(?:писал|написал|пишет)\b.*
      | .*\b(?:пише|написав)\b.*
      | .*\b(?:yazdı|şunları\syazdı)
      | .*\bezt\sírta.*
      | .*\ba\sscris.*
      | .*(?:写道|寫道|のメール|さんは書きました|님이\s작성).*
    )\s*[:：]\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_HAS_DATE = re.compile(r"\d.*\d|@")
# In any language: a time, an address, a colon.
_TIME_AND_ADDRESS = re.compile(r".*\d{1,2}[:.h]\d{2}\b.*<[^<>@\s]+@[^<>@\s]+>.{0,40}[:：]\s*$")

_ORIGINAL_MESSAGE = re.compile(
    r"""^\s*[-_]{2,}\s*(?:
        original\s(?:message|appointment) | reply\smessage
      | ursprüngliche\s(?:nachricht|e-mail) | originalnachricht
      | message\sd['\u2019]origine | message\soriginal
      | mensaje\soriginal | mensagem\soriginal | messaggio\soriginale
      | oorspronkelijk\sbericht | oprindelig\smeddelelse | ursprungligt\smeddelande
      | opprinnelig\smelding | alkuperäinen\sviesti
      | oryginalna\swiadomość | wiadomość\soryginalna | původní\szpráva
      | исходное\sсообщение | eredeti\süzenet | özgün\sileti
      | 原始邮件 | 原始郵件 | 邮件原件 | 元のメッセージ | 원본\s메시지
    )\s*[-_]{2,}\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
# The line above a mail that is passed on.
_FORWARDED = re.compile(
    r"""^\s*(?:
        -{2,}\s*(?:
            forwarded\smessage | weitergeleitete\snachricht
          | message\stransféré | mensaje\sreenviado | mensagem\sencaminhada
          | messaggio\sinoltrato | doorgestuurd\sbericht | vidarebefordrat\smeddelande
          | videresendt\smelding | wiadomość\sprzekazana | пересылаемое\sсообщение
          | 転送メッセージ | 转发的邮件
        )\s*-{2,}
      | (?:begin\sforwarded\smessage | anfang\sder\sweitergeleiteten\s(?:nachricht|e-mail)
          | début\sdu\smessage\sréexpédié | inicio\sdel\smensaje\sreenviado)\s*:
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
# Outlook's block: who, when, to whom and about what, each on a line of its own.
_FROM = r"from|von|de|da|van|od|från|fra|lähettäjä|от|发件人|寄件者|差出人|보낸\s사람|kimden"
_SENT = (
    r"sent|date|gesendet|datum|envoyé|enviado(?:\sel)?|fecha|inviato|data|verzonden|wysłano|sendt"
    r"|skickat|lähetetty|odesláno|отправлено|дата|发送时间|傳送日期|日期|送信日時|보낸\s날짜|gönderilme"
)
_TO_OR_SUBJECT = (
    r"to|an|à|para|a|aan|do|till|til|komu|кому|收件人|宛先|받는\s사람|kime"
    r"|cc|subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|ämne|emne|aihe|předmět|тема"
    r"|主题|主旨|件名|제목|konu"
)
_FROM_LINE, _SENT_LINE, _TO_LINE = (
    re.compile(rf"^\s*\**(?:{names})\s?\**\s*[:：]\**\s*\S", re.IGNORECASE)
    for names in (_FROM, _SENT, _TO_OR_SUBJECT)
)
_RULE = re.compile(r"^\s*_{10,}\s*$")
_SENT_FROM = re.compile(
    r"""^\s*(?:
        sent\sfrom\s(?:my\s|mail\sfor\s|outlook|yahoo|proton)\S?.* | get\soutlook\sfor\s.*
      | (?:von\smeinem\s.*\sgesendet|gesendet\svon\s(?:mein|outlook|mail\sfür).*)
      | envoyé\s(?:de\smon|depuis)\s.* | enviado\s(?:desde\smi|do\smeu)\s.*
      | inviato\sda\s(?:iphone|ipad).* | verzonden\svan(?:af)?\smijn\s.*
    )$""",
    re.IGNORECASE | re.VERBOSE,
)


def trim_reply(text: str) -> str:
    """The new words in a reply. Never raises, and never adds anything.

    Answers that stand between quoted lines keep the quotations they belong to. A mail that is
    passed on under a line that says so is what somebody wants to say, and stays. If nothing would
    be left, such as when a mail is passed on without a comment, all of it is returned.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    words, passed_on = _without_quotation(lines)
    parts = ["\n".join(_without_signature(words)), "\n".join(passed_on)]
    gap = "\n" if words and words[-1].strip() else "\n\n"
    trimmed = gap.join(part.strip() for part in parts if part.strip())
    return trimmed or "\n".join(lines).strip()


def _without_quotation(lines: list[str]) -> tuple[list[str], list[str]]:
    """The words, and the mail that is passed on below them."""
    number = removed = 0
    while number < len(lines) and removed < _MOST_QUOTATIONS:
        if _begins_original(lines, number):
            return _without_trailing_quotes(lines[:number]), []
        if len(lines[number]) <= _LONGEST_LINE and _FORWARDED.match(lines[number]):
            return lines[:number], lines[number:]
        length = _attribution_length(lines, number)
        if length:
            below = _after_quotes(lines, number + length)
            if below is None or below == len(lines):
                return _without_trailing_quotes(lines[:number]), []
            # The answer stands below the quotation.
            lines = [*lines[:number], *lines[below:]]
            removed += 1
            continue
        number += 1
    return _without_trailing_quotes(lines), []


def _begins_original(lines: list[str], number: int) -> bool:
    line = lines[number]
    if len(line) > _LONGEST_LINE:
        return False
    if _ORIGINAL_MESSAGE.match(line):
        return True
    if _RULE.match(line):
        number = _next_words(lines, number + 1)
        line = lines[number] if number < len(lines) else ""
    if len(line) > _LONGEST_LINE or not _FROM_LINE.match(line):
        return False
    block = [it[:_LONGEST_LINE] for it in lines[number + 1 : number + 6]]
    return any(map(_SENT_LINE.match, block)) and any(map(_TO_LINE.match, block))


def _attribution_length(lines: list[str], number: int) -> int:
    """How many lines "On … wrote:" takes, 0 if it does not begin here.

    Mail programs break it where it gets too long for a line.
    """
    if not lines[number].strip() or _is_quote(lines[number]):
        return 0
    for length in range(1, _ATTRIBUTION_LINES + 1):
        part = lines[number : number + length]
        if len(part) < length or not part[-1].strip() or _is_quote(part[-1]):
            return 0
        joined = " ".join(line.strip() for line in part)
        if len(joined) > _LONGEST_LINE:
            return 0
        if joined.endswith((":", "：")):
            known = _ATTRIBUTIONS.match(joined) and _HAS_DATE.search(joined)
            return length if known or _TIME_AND_ADDRESS.match(joined) else 0
    return 0


def _after_quotes(lines: list[str], number: int) -> int | None:
    """Where the text goes on below a quotation; None if what comes is not marked as one."""
    number = _next_words(lines, number)
    if number < len(lines) and not _is_quote(lines[number]):
        return None
    while number < len(lines) and (_is_quote(lines[number]) or not lines[number].strip()):
        number += 1
    return number


def _next_words(lines: list[str], number: int) -> int:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number


def _is_quote(line: str) -> bool:
    return line.startswith(">")


def _without_trailing_quotes(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (_is_quote(lines[end - 1]) or not lines[end - 1].strip()):
        end -= 1
    return lines[:end]


def _without_signature(lines: list[str]) -> list[str]:
    kept = lines
    for number, line in enumerate(lines):
        short = len(lines) - number - 1 <= _LONGEST_SIGNATURE
        if number and (line == "-- " or (line == "--" and short)):
            kept = lines[:number]
            break
    kept = _without_trailing_quotes(kept)
    if len(kept) > 1 and len(kept[-1]) <= _LONGEST_LINE and _SENT_FROM.match(kept[-1]):
        kept = kept[:-1]
    return kept if any(line.strip() for line in kept) else lines
