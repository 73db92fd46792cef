"""The shift log of reception (regulation 5, 7.4): what happened, what security takes over, and the signed handover."""
