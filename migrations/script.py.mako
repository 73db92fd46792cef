"""${message}"""

import sqlalchemy as sa
from alembic import op

import guanjia.db.types
from guanjia.db.migrate import open_tables, secure_tables

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Make the tables."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Take the tables away."""
    ${downgrades if downgrades else "pass"}
