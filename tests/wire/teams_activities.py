"""Activities as Microsoft's documentation prints them.

https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/conversation-messages
https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations
https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events
https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/bots-filesv4
"""

from __future__ import annotations

import copy
from typing import Any

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
ADA = "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgFmB39ATiQWA85gQtHieVkKilBZ9XHoq9j7Zaqt7CZ-NJWi7me2kHTL3Bw"
BOT = "28:c9e8c047-2a74-40a2-b28a-b162d5f5327c"
CHAT = (
    "a:17I0kl9EkpE1O9PH5TWrzrLNwnWWcfrU7QZjKR0WSfOpzbfcAg2IaydGElSo10tVr4C7Fc6GtieTJX663WuJCc1uA"
)
THREAD = "19:aebd0ad4d6ab42c8b9ed19c251c2fc37@thread.skype;messageid=1481567603816"
SERVICE = "https://smba.trafficmanager.net/amer/"

MESSAGE: dict[str, Any] = {
    "type": "message",
    "id": "1485983408511",
    "timestamp": "2017-02-01T21:10:07.437Z",
    "localTimestamp": "2017-02-01T14:10:07.437-07:00",
    "serviceUrl": SERVICE,
    "channelId": "msteams",
    "from": {
        "id": ADA,
        "name": "Megan Bowen",
        "aadObjectId": "7faf8ab2-3d56-4244-b585-20c8a42ed2b8",
    },
    "conversation": {"conversationType": "personal", "id": CHAT},
    "recipient": {"id": BOT, "name": "Teams TestBot"},
    "textFormat": "plain",
    "text": "Hello Teams TestBot.",
    "attachments": [
        {"contentType": "text/html", "content": "<div><div>Hello Teams TestBot.</div>\n</div>"}
    ],
    "entities": [
        {"locale": "en-US", "country": "US", "platform": "Windows", "type": "clientInfo"}
    ],
    "channelData": {"tenant": {"id": TENANT}},
    "locale": "en-US",
}
MENTION: dict[str, Any] = {
    "type": "message",
    "id": "1481567603816",
    "text": "<at>Teams TestBot</at>\xa0ask <at>Pranav Smith</at> about it",
    "timestamp": "2017-10-29T00:51:05.9908157Z",
    "serviceUrl": SERVICE,
    "channelId": "msteams",
    "from": {"id": ADA, "name": "Jane Smith"},
    "conversation": {"isGroup": True, "conversationType": "channel", "id": THREAD},
    "recipient": {"id": BOT, "name": "Teams TestBot"},
    "entities": [
        {
            "type": "mention",
            "mentioned": {"id": BOT, "name": "Teams TestBot"},
            "text": "<at>Teams TestBot</at>",
        },
        {
            "type": "mention",
            "mentioned": {"id": "29:08q2j2o3jc09au90eucae", "name": "Pranav Smith"},
            "text": "<at>Pranav Smith</at>",
        },
    ],
    "channelData": {
        "channel": {"id": "19:aebd0ad4d6ab42c8b9ed19c251c2fc37@thread.skype"},
        "team": {"id": "19:efa9296d959346209fea44151c742e73@thread.skype"},
        "tenant": {"id": TENANT},
    },
    "replyToId": "3UP4UTkzUk1zzeyW",
}
ADDED: dict[str, Any] = {
    "type": "conversationUpdate",
    "membersAdded": [{"id": BOT}],
    "timestamp": "2021-12-07T22:34:56.534Z",
    "id": "f:0b9079f4-d4d3-3d8e-b883-798298053c7e",
    "channelId": "msteams",
    "serviceUrl": SERVICE,
    "from": {"id": ADA, "aadObjectId": "eddfa9d4-346e-4cce-a18f-fa6261ad776b"},
    "conversation": {
        "isGroup": True,
        "conversationType": "channel",
        "tenantId": "b28fdbfd-2b78-4f93-b0f8-8881793f0f8f",
        "id": "19:0b7f32667e064dd9b25d7969801541f4@thread.tacv2",
        "name": "2021 Test Channel",
    },
    "recipient": {"id": BOT, "name": "Test Bot"},
    "channelData": {
        "settings": {
            "selectedChannel": {"id": "19:0b7f32667e064dd9b25d7969801541f4@thread.tacv2"}
        },
        "team": {"name": "TestTeam2022", "id": "19:zFLSDFWsesfzcmKArqKJ@thread.tacv2"},
        "eventType": "teamMemberAdded",
        "tenant": {"id": "b28fdbfd-2b78-4f93-b0f8-8881793f0f8f"},
    },
}
INSTALLED: dict[str, Any] = {
    "type": "installationUpdate",
    "action": "add",
    "id": "f:816eb23d-bfa1-afa3-dfeb-d2aa338e9541",
    "timestamp": "2021-11-09T04:47:30.91Z",
    "serviceUrl": SERVICE,
    "channelId": "msteams",
    "from": {"id": ADA, "aadObjectId": "eddfa9d4-346e-4cce-a18f-fa6261ad776b"},
    "recipient": {"id": BOT, "name": "Test Bot"},
    "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": CHAT},
    "channelData": {"tenant": {"id": TENANT}},
}
REACTION: dict[str, Any] = {
    "reactionsAdded": [{"type": "like"}],
    "type": "messageReaction",
    "timestamp": "2017-10-16T18:45:41.943Z",
    "id": "f:9f78d1f3",
    "channelId": "msteams",
    "serviceUrl": SERVICE,
    "from": {"id": ADA, "aadObjectId": "c33aafc4-646d-4543-9d4c-abd28e4d2110"},
    "conversation": {
        "isGroup": True,
        "conversationType": "channel",
        "id": "19:3629591d4b774aa08cb0887902eee7c1@thread.skype",
    },
    "recipient": {"id": BOT, "name": "SongsuggesterLocal"},
    "channelData": {
        "channel": {"id": "19:3629591d4b774aa08cb0887902eee7c1@thread.skype"},
        "team": {"id": "19:efa9296d959346209fea44151c742e73@thread.skype"},
        "tenant": {"id": TENANT},
    },
    "replyToId": "1575667808184",
}
FILE: dict[str, Any] = {
    "contentType": "application/vnd.microsoft.teams.file.download.info",
    "contentUrl": "https://contoso.sharepoint.com/personal/ada/Documents/Applications/bill.pdf",
    "name": "bill.pdf",
    "content": {
        "downloadUrl": "https://contoso.sharepoint.com/download.aspx?tempauth=x",
        "uniqueId": "1150D938-8870-4044-9F2C-5BBDEBA70C9D",
        "fileType": "pdf",
        "etag": "123",
    },
}


def having(activity: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The activity with other details; None takes one away."""
    changed = {**copy.deepcopy(activity), **changes}
    return {name: value for name, value in changed.items() if value is not None}
