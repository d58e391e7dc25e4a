-- Feed ids start at the microseconds of the database's creation, so that they grow also over a rebuilt database.
INSERT INTO "cursor" ("id", "revision", "silent", "last_id", "pruned_id")
SELECT 1, 0, true, "now", "now"
FROM (SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint AS "now") AS "clock";
