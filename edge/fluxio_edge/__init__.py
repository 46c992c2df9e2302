"""The edge agent: reads meters over Modbus and forwards their readings."""
