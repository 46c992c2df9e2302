"""A plant of flow meters that can be polled over Modbus, for tests, demonstrations and the bench."""
