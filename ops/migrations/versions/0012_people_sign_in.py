"""Keep who may sign in, with which roles, and who is signed in.

Revision ID: 0012
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute(
        """
        CREATE TABLE person (
            name text CONSTRAINT pk_person PRIMARY KEY,
            password text NOT NULL DEFAULT '',
            subject text CONSTRAINT uq_person_subject UNIQUE,
            roles text[] NOT NULL,
            language text NOT NULL DEFAULT 'nb',
            theme text NOT NULL DEFAULT 'auto',
            made_at timestamptz NOT NULL DEFAULT now(),
            disabled_at timestamptz,
            CONSTRAINT ck_person_language CHECK (language in ('nb', 'en')),
            CONSTRAINT ck_person_theme CHECK (theme in ('auto', 'light', 'dark'))
        );
        COMMENT ON TABLE person IS 'Who may sign in. password: argon2, empty for who signs in elsewhere (subject)';
        CREATE TABLE session (
            token bytea CONSTRAINT pk_session PRIMARY KEY,
            person text NOT NULL CONSTRAINT fk_session_person REFERENCES person (name),
            begun_at timestamptz NOT NULL DEFAULT now(),
            seen_at timestamptz NOT NULL DEFAULT now(),
            secret text NOT NULL
        );
        CREATE INDEX ix_session_person ON session (person);
        COMMENT ON TABLE session IS 'Who is signed in. token: sha256 of what the cookie has; secret: what each form must bring'
        """
    )


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")
