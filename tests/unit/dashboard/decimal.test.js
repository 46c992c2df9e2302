import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { createDecimal } = await page("lib/decimal.js");

test("a number is taken with the locale's separator, and only with it", () => {
  const english = createDecimal("en-GB");
  const german = createDecimal("de-DE");
  assert.equal(english.parse("99999999.9"), 99_999_999.9);
  assert.equal(german.parse(" 99999999,9 "), 99_999_999.9);
  for (const [decimal, text] of [
    [english, "1,5"],
    [english, "1,234.5"],
    [german, "1.5"],
    [german, "1.234"],
    [german, "1.234,5"],
    [german, ""],
    [german, "12 m³"],
    [english, "1.2.3"],
    [english, "0x10"],
    [english, "Infinity"],
  ]) {
    assert.ok(Number.isNaN(decimal.parse(text)), text);
  }
  assert.equal(german.parse("-0,5"), -0.5);
  assert.equal(german.parse("\u22125"), -5);
});

test("what is written is taken back as it was", () => {
  for (const locale of ["en", "de", "fr", "hi-IN"]) {
    const { parse, write } = createDecimal(locale);
    for (const number of [0, 0.1, -2.5, 300, 99_999_999.9, 2_147_483_647, 1e21, 5e-324]) {
      assert.equal(parse(write(number)), number, `${locale} ${number}`);
    }
  }
  assert.equal(createDecimal("de").write(0.1), "0,1");
});
