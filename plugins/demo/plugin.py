"""The manifest of the demonstration: a command, nothing else."""

from guanjia.sdk import Plugin, words
from plugins.demo.command import demo

_ = words("demo")

plugin = Plugin(
    key="demo",
    title=_("Demonstration"),
    summary=_("Makes a company with two offices to try everything with."),
    package="plugins.demo",
    needs=("registry", "customer_service"),
    commands=(demo,),
)
