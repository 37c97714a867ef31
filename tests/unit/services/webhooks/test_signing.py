"""What is sent is signed as Standard Webhooks says."""

import pytest

from services.webhooks import signature


def test_the_signature_is_that_of_the_specifications_example() -> None:
    # Source: the test vector of the reference libraries, github.com/standard-webhooks/standard-webhooks
    found = signature.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )

    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_fresh_secret_is_one_that_is_taken() -> None:
    assert len(signature.key_of(signature.new_secret())) == 32


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_another_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signature.key_of(secret)
