-- The fingerprint of a definition now covers the field whose amounts are added up.
UPDATE "cursor" SET "fingerprint" = '1d00988adf4ebf1eccab3c443a400c53fc15736795e790222877521bf52cb7bf' WHERE "definition" = 'job-registry' AND "fingerprint" = 'a52fde91007f86a03982295f82d0e96718b20293acb46a8e0468719a658f264f';
