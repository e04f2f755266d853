"""Alembic's entry: run the chain on the connection that `migrations.upgrade` hands over."""

from alembic import context

from aggregator.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
