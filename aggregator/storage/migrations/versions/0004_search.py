"""Search: authors and stems in the index, the vocabulary of the index, saved searches."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

OLD = "VALUES ('delete', old.id, old.title, old.author, old.text)"
NEW = "VALUES (new.id, new.title, new.author, new.text)"

FTS5 = (
    "DROP TRIGGER entries_fts_insert",
    "DROP TRIGGER entries_fts_delete",
    "DROP TRIGGER entries_fts_update",
    "DROP TABLE entries_fts",
    """CREATE VIRTUAL TABLE entries_fts USING fts5(
        title, author, text, content='entries', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2')""",
    "CREATE VIRTUAL TABLE entries_fts_words USING fts5vocab('entries_fts', 'row')",
    f"""CREATE TRIGGER entries_fts_insert AFTER INSERT ON entries BEGIN
        INSERT INTO entries_fts(rowid, title, author, text) {NEW}; END""",
    f"""CREATE TRIGGER entries_fts_delete AFTER DELETE ON entries BEGIN
        INSERT INTO entries_fts(entries_fts, rowid, title, author, text) {OLD}; END""",
    f"""CREATE TRIGGER entries_fts_update AFTER UPDATE OF title, author, text ON entries
        WHEN old.title IS NOT new.title OR old.author IS NOT new.author OR old.text IS NOT new.text BEGIN
        INSERT INTO entries_fts(entries_fts, rowid, title, author, text) {OLD};
        INSERT INTO entries_fts(rowid, title, author, text) {NEW}; END""",
    "INSERT INTO entries_fts(entries_fts) VALUES ('rebuild')",
)


# Capital letters that have no marks: `lower` knows only those of ASCII where the database's locale is "C".
CAPITALS = "".join(
    letter
    for letter in (chr(code) for code in (*range(0xC0, 0x250), *range(0x370, 0x460)))
    if unicodedata.category(letter) == "Lu" and unicodedata.normalize("NFD", letter) == letter
)
SMALL = "".join(letter.lower() for letter in CAPITALS)
# PostgreSQL's parser sees addresses, paths and numbers where we see words: signs part words.
SIGNS = "-_/.,:@+'’&=%#~"


def _postgresql(schema: str) -> list[str]:
    """A tsvector of each word, its French and its English stem, none of them a stop word.

    It holds at most 1 MB; the words past the first 100,000 characters of a text are not searched. Names
    inside functions are whole: a restored dump fills the column under an empty search path.
    """
    signs = SIGNS.replace("'", "''")
    statements = [
        "DROP INDEX ix_entries_search_vector",
        "ALTER TABLE entries DROP COLUMN search_vector",
    ]
    for language in ("french", "english"):
        statements += [
            f"""CREATE TEXT SEARCH DICTIONARY search_{language}_stem
                (TEMPLATE = snowball, LANGUAGE = {language})""",
            f"CREATE TEXT SEARCH CONFIGURATION search_{language} (COPY = simple)",
            f"""ALTER TEXT SEARCH CONFIGURATION search_{language}
                ALTER MAPPING FOR asciiword, word WITH search_{language}_stem""",
        ]
    return [
        *statements,
        f"""CREATE FUNCTION search_words(words text, weight "char") RETURNS tsvector
            LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
            DECLARE folded text := translate(
                lower(regexp_replace(normalize(words, NFD), '[\u0300-\u036f]', '', 'g')),
                '{CAPITALS}{signs}', '{SMALL}{" " * len(SIGNS)}');
            BEGIN
                RETURN setweight(
                    to_tsvector('pg_catalog.simple'::regconfig, folded)
                    || to_tsvector('{schema}.search_french'::regconfig, folded)
                    || to_tsvector('{schema}.search_english'::regconfig, folded), weight);
            END $$""",
        """ALTER TABLE entries ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (
            search_words(left(title, 2000), 'A') || search_words(left(coalesce(author, ''), 500), 'B')
            || search_words(left(text, 100000), 'D')) STORED""",
        "CREATE INDEX ix_entries_search_vector ON entries USING gin (search_vector)",
    ]


def _saved_searches(made: sa.MetaData) -> sa.Table:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    return sa.Table(
        "saved_searches",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("user_id", "name"),
    )


def upgrade() -> None:
    connection = op.get_bind()
    tables = sa.MetaData(naming_convention=NAMES)
    sa.Table("users", tables, sa.Column("id", sa.Integer, primary_key=True))
    _saved_searches(tables).create(connection)
    if connection.dialect.name == "postgresql":
        schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
        statements = _postgresql(schema)
    else:
        statements = list(FTS5)
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%") if "translate" in statement else statement)
