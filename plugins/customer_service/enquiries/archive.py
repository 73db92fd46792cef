"""The information archive: what reception looks up while it is asked, found by any part of a word."""

from __future__ import annotations

from sqlalchemy import case, or_, select

from guanjia.sdk import Column, Loader, register, words
from plugins.customer_service.enquiries.forms import ArticleForm
from plugins.customer_service.enquiries.kinds import TOPICS
from plugins.customer_service.enquiries.models import Article
from plugins.customer_service.permissions import ARCHIVE

_ = words("customer_service")

articles = register(
    "customer_service.article", Article, title=_("Information archive"), form=ArticleForm, level="site",
    permission=ARCHIVE.key, search=("title", "body"), order="title", menu=False,
    columns=(
        Column("title", _("Title"), "link", sort=True), Column("topic", _("Topic"), "choice", labels=TOPICS, filter=True),
        Column("body", _("Text")), Column("changed_at", _("Changed at"), "moment", sort=True),
        Column("state", _("State"), "state", filter=True),
    ),
)  # fmt: skip


def find_articles(loader: Loader, q: str, *, limit: int = 6) -> list[Article]:
    """The entries in use at the site that hold every word of `q`, those with it in the title first; none without words.

    A part of a word is enough, two characters of a Chinese one too (报修 in 报修电话): one office's archive is small
    enough to be read through, so both databases search it alike.
    """
    typed = [word for word in q[:80].split()[:5] if "\x00" not in word]
    if loader.site is None or not typed:
        return []
    query = select(Article).where(
        Article.company_id == loader.company_id, Article.site_id == loader.site.id, Article.state == "active"
    )
    patterns = ["%" + w.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" for w in typed]
    for pattern in patterns:
        query = query.where(or_(Article.title.ilike(pattern, escape="\\"), Article.body.ilike(pattern, escape="\\")))
    first = case((Article.title.ilike(patterns[0], escape="\\"), 0), else_=1)
    return list(loader.session.scalars(query.order_by(first, Article.title, Article.id).limit(limit)))
