"""How a phone number is shown to whoever need not call it."""


def mask_phone(phone: str) -> str:
    """The phone number with its middle hidden: 138****1234."""
    if len(phone) < 7:
        return "****" if phone else ""
    return phone[:3] + "****" + phone[-4:]
