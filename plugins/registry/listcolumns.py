"""The columns of a household list in Excel: their headings, other headings that offices use, and what each cell must be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from guanjia.sdk import Message, Text, words
from plugins.registry import codes, identities, phones, rooms

_ = words("registry")


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column: key, heading in both languages, further headings that are understood, width, what to write there."""

    key: str
    zh: str
    en: str
    also: tuple[str, ...]
    width: int
    needed: bool
    says: Message

    @property
    def title(self) -> Text:
        """The heading in the reader's language."""
        return Text(self.zh, self.en)


COLUMNS: tuple[ListColumn, ...] = (
    ListColumn("building", "楼栋", "Building", ("楼号", "栋号", "楼幢", "楼座"), 8, True,
               _("Code of the building, for example 3.")),
    ListColumn("entrance", "单元", "Entrance", ("单元号", "门"), 8, False,
               _("Entrance; empty where the building has one only.")),
    ListColumn("room", "房号", "Room", ("房间号", "室号", "房屋", "单元房号"), 14, True,
               _("Room number, for example 502; the whole code such as 3-1-502 is understood too.")),
    ListColumn("floor", "楼层", "Floor", ("层",), 8, False, _("Floor; empty where the room number tells it.")),
    ListColumn("area", "面积", "Area", ("建筑面积", "面积(㎡)", "面积(m2)", "建筑面积(㎡)", "Area (m²)"), 10, False,
               _("Square metres with at most two decimals.")),
    ListColumn("usage", "用途", "Use", ("房屋用途", "使用性质"), 10, False, _("One of: %(choices)s. Empty means flat.")),
    ListColumn("occupancy", "入住情况", "Occupancy", ("居住状况", "入住状态", "状态"), 12, True,
               _("One of: %(choices)s. In the first row of each room.")),
    ListColumn("since", "入住日期", "Lives here since", ("入住时间", "入伙日期"), 12, False,
               _("Date, for example 2024-03-01.")),
    ListColumn("name", "姓名", "Name", ("业主姓名", "住户姓名", "业主", "联系人"), 12, False,
               _("Name of the resident. The first row of a room is its contact; further residents follow in rows of "
                 "their own, which repeat the room and leave occupancy, area and the like empty.")),
    ListColumn("phone", "电话", "Phone", ("联系电话", "手机", "手机号", "手机号码", "电话号码"), 16, False,
               _("Mobile number of 11 digits, or a landline with its area code.")),
    ListColumn("identity", "身份证号", "Identity number", ("身份证", "身份证号码", "证件号码", "证件号"), 22, False,
               _("Identity card of 18 characters, passport or travel permit, as text. Kept sealed; may stay empty.")),
    ListColumn("role", "身份", "Standing", ("与业主关系", "人员身份"), 10, False,
               _("One of: %(choices)s. Empty means owner (lessee where the flat is let), in further rows member.")),
    ListColumn("tags", "关怀标签", "Care tags", ("标签", "特殊人群"), 22, False,
               _("Any of these, with commas between them: %(choices)s.")),
    ListColumn("note", "备注", "Remark", ("说明",), 24, False, _("Free text of at most 1000 characters.")),
)  # fmt: skip
BY_KEY: Mapping[str, ListColumn] = {column.key: column for column in COLUMNS}
NO_DATES = frozenset(
    {"building", "entrance", "room", "floor", "name", "phone", "identity", "role", "occupancy", "usage"}
)
HOUSEHOLD_KEYS = ("floor", "area", "usage", "occupancy", "since", "tags", "note")  # of the first row of a room

# What offices write for a coded value; the label in either language is among the words.
CODED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "usage": {
        "residential": ("住宅", "flat", "residential"), "shop": ("商铺", "商业", "店铺", "shop"),
        "office": ("办公", "写字楼", "office"), "parking": ("车位", "车库", "parking space", "parking"),
        "storage": ("储藏室", "储物间", "storage room", "storage"), "other": ("其他", "其它", "other use", "other"),
    },
    "occupancy": {
        "owner": ("业主自住", "自住", "已入住", "lived in by the owner", "owner"),
        "lessee": ("出租", "承租", "租住", "let", "lessee"), "vacant": ("空置", "未入住", "空房", "vacant"),
    },
    "role": {
        "owner": ("业主", "户主", "owner"), "lessee": ("租户", "承租人", "租客", "lessee"),
        "member": ("成员", "家属", "家庭成员", "member of the household", "member"),
    },
    "tags": {
        "elderly": ("老人", "高龄老人", "elderly person", "elderly"), "living_alone": ("独居", "独居老人", "living alone"),
        "child": ("幼儿", "婴幼儿", "儿童", "small child", "child"), "pregnant": ("孕妇", "孕产妇", "pregnant"),
        "disabled": ("残障", "残疾", "残疾人", "disabled"), "ill": ("长期患病", "病人", "ill for long", "ill"),
        "night_shift": ("夜班", "白天休息", "sleeps by day"), "pet": ("养宠物", "宠物", "pet"),
        "foreign_language": ("外语住户", "外籍", "speaks no chinese"), "vip": ("重点关注", "重点", "vip", "special attention"),
    },
}  # fmt: skip
_BY_WORD = {
    field: {word.lower(): key for key, known in table.items() for word in (*known, key)}
    for field, table in CODED.items()
}
TABLES = {"usage": codes.USAGES, "occupancy": codes.OCCUPANCIES, "role": codes.ROLES, "tags": codes.CARE_TAGS}
_COMMAS = re.compile(r"[,，、;；/\n]+")
_DATES = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST = 1000


class Wrong(Exception):
    """A cell that cannot be read; `message` says what to write instead."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


def choices_in_words(key: str) -> list[Message]:
    """What may be written in a coded column: the labels, which are understood in either language."""
    return list(TABLES[key].values())


def heading_key(text: str) -> str | None:
    """The column that a heading names, in either language, with or without a star or a remark in brackets."""
    plain = _plain_heading(text)
    for column in COLUMNS:
        if plain in {_plain_heading(word) for word in (column.zh, column.en, *column.also)}:
            return column.key
    return None


def _plain_heading(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"\(.*?\)|[*\s:：]", "", plain)


def as_text(value: Any, key: str) -> str:
    """A cell of the column `key` as a person reads it: numbers without a needless `.0`, dates as days, text half-width
    and without blanks around it.

    Raises Wrong for a truth value, text that cannot be stored, and what Excel made of a room (3-1 becomes a date).
    """
    if value is None:
        return ""
    if isinstance(value, date) and key in NO_DATES:
        raise Wrong(_("Excel made a date of this. Format the column as text and write it again."))
    if isinstance(value, float) and key in NO_DATES and value != int(value):
        raise Wrong(_("Excel made a number of this. Format the column as text and write it again."))
    if key == "identity" and isinstance(value, int | float) and abs(value) >= 10**15:
        raise Wrong(_("Excel rounds long numbers. Format the column as text and type the number anew."))
    if isinstance(value, bool):
        raise Wrong(_("This cell holds TRUE or FALSE. Write text or a number."))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 10**15 else repr(value)
    if isinstance(value, int):
        return str(value)
    text = unicodedata.normalize("NFKC", str(value)).replace("\u200b", "").strip()
    if _UNWRITABLE.search(text):
        raise Wrong(_("Some characters cannot be stored. Delete them, or type it anew."))
    if len(text) > LONGEST:
        raise Wrong(_("Shorten this to at most %(max)s characters.", max=LONGEST))
    return text


def read_area(text: str) -> int | None:
    """Hundredths of a square metre."""
    plain = re.sub(r"(㎡|m2|m²|平方米|平米|平)$", "", text.strip(), flags=re.IGNORECASE).strip()
    if not plain:
        return None
    try:
        area = Decimal(plain)
    except InvalidOperation:
        raise Wrong(_("Write the area in square metres as a number, for example 89.50.")) from None
    if not area.is_finite() or not 0 <= area <= 10_000_000:
        raise Wrong(_("Write the area in square metres as a number, for example 89.50."))
    return int((area * 100).to_integral_value())


def read_floor(text: str) -> int | None:
    """The floor; `5层` and `B1` are understood (B1 is -1)."""
    plain = re.sub(r"(层|楼|F)$", "", text.strip().upper())
    if not plain:
        return None
    found = re.fullmatch(r"(-|B|负|地下)?(\d{1,3})", plain)
    floor = int(found[2]) * (-1 if found[1] else 1) if found else None
    if floor is None or not -20 <= floor <= 200:
        raise Wrong(_("Write the floor as a whole number from -20 to 200."))
    return floor


def read_date(text: str) -> date | None:
    """A day; a month alone means its first day."""
    if not text:
        return None
    found = _DATES.fullmatch(text.split(" ")[0])
    try:
        return (
            date(int(found[1]), int(found[2]), int(found[3] or 1))
            if found and 1900 <= int(found[1]) < 3000
            else _no_date()
        )
    except ValueError:
        return _no_date()


def _no_date() -> date:
    raise Wrong(_("Write the date as year, month and day, for example 2024-03-01."))


def read_coded(field: str, text: str) -> str | None:
    """The key of a coded value. Raises Wrong naming all that may be written."""
    if not text:
        return None
    key = _BY_WORD[field].get(text.lower())
    if key is None:
        raise Wrong(_("\"%(text)s\" is not known here. Write one of: %(choices)s.", text=text[:40],
                      choices=choices_in_words(field)))  # fmt: skip
    return key


def read_tags(text: str) -> list[str]:
    """The keys of the care tags, each once, in the order in which they are shown."""
    chosen = {read_coded("tags", word.strip()) for word in _COMMAS.split(text) if word.strip()}
    return [tag for tag in codes.CARE_TAGS if tag in chosen]


def read_phone(text: str) -> str:
    """The number as it is stored. Raises Wrong for a slip of the hand."""
    if not text:
        return ""
    if phones.is_mask(text):
        raise Wrong(_("This is a masked number. Write the whole number, or leave the cell empty."))
    if len(text) > 40 or not phones.is_phone(phones.written(text)):
        raise Wrong(_("Enter a mobile number of 11 digits, or a landline such as 0756-3320001."))
    return phones.written(text)


def read_identity(text: str) -> str:
    """The number as it is sealed. Raises Wrong for a slip of the hand."""
    if not text:
        return ""
    if phones.is_mask(text):
        raise Wrong(_("This is a masked number. Write the whole number, or leave the cell empty."))
    number = identities.written(text)
    if not identities.is_identity(number):
        raise Wrong(
            _(
                "Enter the 18 characters of the identity card without a slip, or the number of a passport or travel permit."
            )
        )
    return number


def read_room(building: str, entrance: str, room: str) -> rooms.Room:
    """The room that three cells name. The room's cell may repeat building and entrance (`3-1-502`)."""
    front = [part for part in (rooms.tidy(building), rooms.tidy(entrance)) if part]
    rest = rooms.tidy(room)
    for part in front:
        rest = rest.removeprefix(f"{part}-")
    found = rooms.read("-".join([*front, rest]))
    if found is None or len(found.code) > 40 or found.building != front[0]:
        raise Wrong(_("Building, entrance and room do not make a room code. Write for example 3, 1 and 502."))
    return found
