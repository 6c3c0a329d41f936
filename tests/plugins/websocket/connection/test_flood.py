"""What cannot be used, in great number."""

from __future__ import annotations


def test_a_flood_of_nonsense_does_not_flood_the_log(serve, start_client, wait_until, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send(*["{"] * 500, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.counters["bad_message"] == 500
    assert caplog.text.count("bad_message") == 10


def test_heartbeats_in_plain_text_are_no_flood(serve, start_client, wait_until, bar, policies):
    policies |= {"most_malformed": 3, "flood_time": 0.0}  # none of them comes that quickly

    def script(peer):
        peer.accept()
        peer.send(*["beat"] * 20, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.epoch == 1
