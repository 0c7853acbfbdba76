"""Cases are merged and parted again: the statements of `workers.store.cases` for it."""

from workers.store.case_sql import KEY

MERGES = (
    f"""WITH merged AS (
            UPDATE kk2_case c SET state = 'merged', merged_into = m.case_id
            FROM staged s JOIN named n USING ({KEY}) JOIN named m ON (m.company, m.client, m.case_no) =
                 (s.company, s.client, s.into_no)
            WHERE s.record = 'merge' AND c.id = n.case_id AND c.state <> 'merged' RETURNING c.id, c.merged_into
        )
        INSERT INTO changed SELECT unnest(ARRAY[id, merged_into]) FROM merged""",
    # The resettle that follows says whether the case is open, paid or closed with a rest.
    f"""WITH was AS (
            SELECT c.id, c.merged_into FROM staged s JOIN named n USING ({KEY}) JOIN kk2_case c ON c.id = n.case_id
            WHERE s.record = 'unmerge' AND c.state = 'merged'
        ), parted AS (
            UPDATE kk2_case c SET state = 'open', merged_into = NULL FROM was WHERE c.id = was.id
        ), carried AS (
            UPDATE item i SET withdrawn_at = now() FROM was JOIN item o ON o.case_id = was.id
            WHERE i.case_id = was.merged_into AND i.kk2_id LIKE 'desk:%:' || o.id AND i.withdrawn_at IS NULL RETURNING i.id
        ), let_go AS (
            UPDATE waiver w SET withdrawn_at = now() FROM carried WHERE w.item_id = carried.id AND w.withdrawn_at IS NULL
        )
        INSERT INTO changed SELECT unnest(ARRAY[id, merged_into]) FROM was""",
)
"""A merge that a person made carried claims over, under ids that end in those of the claims; parting takes them back."""
