from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bookbridge.webhooks.signing import new_secret, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"test": 2432232314}'


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-5))])
def test_the_published_vector_whatever_the_zone_of_the_clock(zone: timezone) -> None:
    moment = datetime.fromtimestamp(1614265330, zone)
    assert signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", moment, BODY) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_verifier_accepts_its_own_secret_only() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "m1", datetime.now(UTC), BODY)
    assert Webhook(secret).verify(BODY, headers) == {"test": 2432232314}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + " ", headers)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        signed_headers(SECRET, "m1", datetime(2026, 1, 5), BODY)  # noqa: DTZ001
