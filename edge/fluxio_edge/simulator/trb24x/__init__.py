"""A Teltonika TRB24x gateway beside a simulated plant: Modbus client, database and Data to Server."""
