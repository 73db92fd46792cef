"""Ways to the outside: group robots, webhooks for integrations, what was delivered, and how each person wants to be told."""
