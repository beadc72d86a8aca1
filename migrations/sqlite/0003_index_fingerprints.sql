-- Who held a certificate, or was issued a token, at some moment? Asked of the ledger itself, by fingerprint.
CREATE INDEX events_by_fingerprint ON events ((payload ->> 'fingerprint'), position)
WHERE event_type IN ('user.certificate_added', 'user.certificate_removed', 'session.token_issued');
