"""How the story is told in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from guanjia.rules.clauses import RuleText
from guanjia.words import current_language, show
from plugins.demo.story import Line
from plugins.demo.world import PASSWORD, World

console = Console(highlight=False, soft_wrap=True)
WORDS = {
    "zh": {
        "allow": "通过", "deny": "不准", "wait": "待批", "done": "办成", "asked": "依据", "waits": "等待签字",
        "set_aside": "不适用", "finish": "完成期限", "sheet": "补单期限", "sheet_back": "回单期限", "report": "回报期限",
        "agreed": "待约定",
    },
    "en": {
        "allow": "allowed", "deny": "denied", "wait": "waits", "done": "done", "asked": "rules asked", "waits": "waits for",
        "set_aside": "set aside", "finish": "finish", "sheet": "sheet", "sheet_back": "sheet back",
        "report": "report back", "agreed": "to be agreed",
    },
}  # fmt: skip
COLOURS = {"allow": "green", "deny": "red", "wait": "yellow", "done": "green"}
_site: list[str] = [""]
_texts: dict[str, RuleText] = {}


def tell_heading(world: World) -> None:
    """What the story is about."""
    zh = current_language() == "zh"
    console.print()
    console.print("[bold]同一项报修，两个管理处，同一套制度，开关不同[/]" if zh else
                  "[bold]One repair, two offices, the same regulations, different switches[/]")  # fmt: skip
    _site[0] = ""
    _texts.update(world.host.texts)


def tell_line(line: Line) -> None:
    """One step: when, who, what, decided how, by which clause, and the date that follows."""
    t = WORDS[current_language()]
    if line.site != _site[0]:
        _site[0] = line.site
        console.print(f"\n[bold reverse] {line.site} [/]")
    mark = f"[{COLOURS[line.outcome]}]{t[line.outcome]}[/]"
    console.print(
        f"{show(line.at)}  {mark}  {escape(line.who)}（{escape(line.role)}） [bold]{escape(line.step)}[/] {line.number}"
    )
    for reason in line.reasons:
        for number, asks in reason.clauses:
            console.print(f"      [{COLOURS[line.outcome]}]{number} {escape(reason.title)}[/]：{escape(asks)}")
        console.print(f"      → {escape(reason.message)}")
    for reason in line.excepted:
        console.print(f"      [dim]{t['set_aside']}：{escape(reason.title)}[/]")
    if line.waits_for:
        console.print(f"      [yellow]{t['waits']}：{escape('、'.join(line.waits_for))}[/]")
    if line.asked and line.outcome == "allow":
        titles = [str(_texts[key].title) if key in _texts else key for key in line.asked]
        console.print(
            f"      [dim]{t['asked']}：{escape('、'.join(titles) if current_language() == 'zh' else ', '.join(titles))}[/]"
        )
    for name, due in line.deadlines:
        console.print(f"      [cyan]{t.get(name, name)}：{show(due) if due else t['agreed']}[/]")


def tell_accounts(world: World) -> None:
    """How to sign in."""
    zh = current_language() == "zh"
    console.print()
    console.print("[bold]登录帐号[/]（公司代码 demo，密码都是 [bold]" + PASSWORD + "[/]）" if zh else
                  f"[bold]Accounts[/] (company code demo, every password is [bold]{PASSWORD}[/])")  # fmt: skip
    console.print("  admin      " + ("总部管理员" if zh else "headquarters"))
    for office in world.offices:
        for suffix, zh_role, en_role in (("desk", "前台接待员", "reception"), ("eng", "工程部主管", "head of engineering"),
                                         ("fix", "维修技工", "repair technician"), ("head", "服务中心负责人", "head of the centre"),
                                         ("manager", "管理处主任", "site manager")):  # fmt: skip
            console.print(
                f"  {office.prefix}-{suffix:<8} {zh_role if zh else en_role} · {office.name} · {office.names[suffix]}"
            )
    console.print(
        "  other / admin  " + ("另一家公司，看不到上面的任何数据" if zh else "another company that sees none of this")
    )
    console.print()
