"""Alembic's environment: one database, one version table, one branch per plugin."""

from alembic import context

from guanjia.db.base import Base
from guanjia.db.migrate import owner_engine

config = context.config


def run() -> None:
    """Run the migrations online, as the owner of the tables."""
    engine = owner_engine(config.attributes["url"])
    with engine.execution_options(guanjia_write=True).connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=False,
            compare_type=True,
            app_role=config.attributes.get("app_role"),
            include_object=config.attributes.get("include_object"),
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
