// @ts-check
/** A person's own account. */
export const account = {
  en: {
    "account.title": "Account",
    "account.person": "You",
    "account.name": "Name",
    "account.role": "Role",
    "account.viewer": "Viewer",
    "account.operator": "Operator",
    "account.admin": "Administrator",
    "account.organization": "Organization",
    "account.zone": "Time zone",
    "account.zoneHelp": "The organization's. Times of a site in another zone name it.",
    "account.now": "Now there",
    "account.password": "Change the password",
    "account.lock": "Lock when unused",
    "account.lockHelp":
      "The page then hides every value and asks for the password, in all tabs of this browser. While it is locked no alert is shown or heard. What was typed and not saved is lost.",
    "account.never": "Never",
    "account.minutes": { one: "After {count} minute", other: "After {count} minutes" },
    "account.lockSaved": "The choice is kept in this browser.",
    "account.sessions": "Signed in elsewhere?",
    "account.sessionsHelp":
      "Ends all your sessions, this one too. A device that is connected now loses access within the hour.",
    "account.everywhere": "Sign out everywhere",
    "account.failed": "That did not work. {message}",
  },
  de: {
    "account.title": "Konto",
    "account.person": "Sie",
    "account.name": "Name",
    "account.role": "Rolle",
    "account.viewer": "Leser",
    "account.operator": "Bediener",
    "account.admin": "Administrator",
    "account.organization": "Organisation",
    "account.zone": "Zeitzone",
    "account.zoneHelp": "Die der Organisation. Zeiten eines Standorts in einer anderen Zone nennen sie.",
    "account.now": "Dort ist es",
    "account.password": "Passwort ändern",
    "account.lock": "Bei Nichtbenutzung sperren",
    "account.lockHelp":
      "Die Seite verbirgt dann alle Werte und fragt nach dem Passwort, in allen Tabs dieses Browsers. Solange sie gesperrt ist, wird kein Alarm gezeigt oder gemeldet. Nicht gespeicherte Eingaben gehen verloren.",
    "account.never": "Nie",
    "account.minutes": { one: "Nach {count} Minute", other: "Nach {count} Minuten" },
    "account.lockSaved": "Die Wahl gilt in diesem Browser.",
    "account.sessions": "Noch anderswo angemeldet?",
    "account.sessionsHelp":
      "Beendet alle Ihre Sitzungen, auch diese. Ein jetzt verbundenes Gerät verliert den Zugang binnen einer Stunde.",
    "account.everywhere": "Überall abmelden",
    "account.failed": "Das hat nicht geklappt. {message}",
  },
};
