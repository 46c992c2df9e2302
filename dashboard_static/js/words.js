// @ts-check
/** Every text of the page, by language. A view's words are in words/<view>.js; keys begin with the view's name. */

import { account } from "./words/account.js";
import { admin } from "./words/admin.js";
import { alerts } from "./words/alerts.js";
import { device } from "./words/device.js";
import { fleet } from "./words/fleet.js";
import { rules } from "./words/rules.js";
import { shared } from "./words/shared.js";
import { shell } from "./words/shell.js";

export const WORDS = {
  en: {
    ...shared.en,
    ...shell.en,
    ...fleet.en,
    ...device.en,
    ...alerts.en,
    ...rules.en,
    ...account.en,
    ...admin.en,
  },
  de: {
    ...shared.de,
    ...shell.de,
    ...fleet.de,
    ...device.de,
    ...alerts.de,
    ...rules.de,
    ...account.de,
    ...admin.de,
  },
};
