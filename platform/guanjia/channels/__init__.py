"""Telling people and programs outside the application: e-mail, group robots, and webhooks for integrations."""
