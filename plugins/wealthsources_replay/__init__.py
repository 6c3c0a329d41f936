"""Recorded sessions: the frames of a live source as they came and went, kept so that they can be played again; and
plain bars of any source, played as if they came.

A recording is a folder of segments, `000001-20270115T080102Z.jsonl.gz` and on. A segment is gzip of JSON lines, the
header first, so that `zcat FILE | jq` shows it. It is written member by member, at least twice a second, and a member
is whole or nothing: whatever becomes of the process, what was written before can be read. Each member says in front
(where gzip has room for such facts) how long it is and of which times, so a reader finds a time without unpacking what
is before it, and the next member behind a damaged one. From the bottom up:

    errors frames            what goes wrong; the kinds of records
    header lines             the first line of a segment, and all others
    members segments lock    gzip members; the files, and how one is written; one writer in a folder
    backlog clock            records that wait; noticing that the machine's clock ran back
    output writer            the folder that is recorded to; the thread that does it
    reading reader           one segment, read; a recording, read
    recorder                 who writes down the frames of a session
    replays                  who can read frames of that kind
    played_time player host  what time it is then; record by record; the session as it was
    bars_in_order            closed bars of several series, in the order of their ends
    bars_player              each of them comes at its end
    options source plugin    the source `replay`
    deployed ending         a deployment with a replay in it; how the commands end
    closings event_text progress strategy    bars that are closed for the first time; what is shown, and called
    comparison moments sides    two answers; when both sides are called; the two sides
    commands                `wealthsources replay`, `wealthsources parity`
"""
