/**
 * The words of the first screen in Hebrew; all others are in he_more.js. Keys are shared with every other
 * catalogue (a test compares them).
 */

/** @type {import("../core/i18n.js").Catalogue} */
export const catalogue = {
  "app.name": "מחברות משותפות",

  "greeting.user": "שלום, {name}",
  "greeting.guest": "שלום! אפשר כבר לצייר.",

  "board.label": "לוח",

  "tool.pen": "עט",
  "tool.eraser": "מחק",
  "tool.size": "עובי",
  "tool.colour": "צבע",
  "tool.undo": "ביטול",
  "tool.redo": "ביצוע חוזר",
  "tool.clear": "ניקוי הלוח",
  "tool.save": "שמירה",
  "tool.share": "שיתוף",
  "toolbar.draw": "כלי ציור",
  "toolbar.keep": "שמירה ושיתוף",

  "hint.how": "אפשר לצייר בעט, באצבע או בעכבר. הכול נשאר במכשיר הזה עד שנותנים למחברת שם.",
  "hint.notebook": "אפשר לצייר בעט, באצבע או בעכבר. הכול נשמר תוך כדי כתיבה.",

  "list.label": "מחברות",
  "list.handle": "מחברות",
  "list.new": "מחברת חדשה",
  "list.empty": "כאן יופיעו המחברות שלך. אפשר לצייר משהו ולתת לו שם.",
  "list.loggedOut": "אחרי ההרשמה המחברות נשמרות כאן ואפשר לשתף אותן. מה שמצויר עכשיו עובר לחשבון.",
  "list.nothingFound": "לא נמצאה מחברת כזאת.",
  "list.search": "חיפוש מחברת",
  "list.unsaved": "לוח שלא נשמר",
  "list.unsavedNote": "נמצא רק במכשיר הזה",
  "list.news": "יש חדש",
  "list.more": "פעולות: {title}",

  "status.stored": "נשמר",
  "status.lookOnly": "לצפייה בלבד",
  "status.sending": "שולח…",
  "status.loading": "נטען…",
  "status.offline": "אין חיבור",
  "status.offlineWaiting.one": "אין חיבור, קו אחד ממתין",
  "status.offlineWaiting.two": "אין חיבור, שני קווים ממתינים",
  "status.offlineWaiting.other": "אין חיבור, {n} קווים ממתינים",
  "status.diskFull.one": "השרת מלא, קו אחד ממתין",
  "status.diskFull.two": "השרת מלא, שני קווים ממתינים",
  "status.diskFull.other": "השרת מלא, {n} קווים ממתינים",
  "status.storageDown.one": "השרת לא שומר כרגע, קו אחד ממתין",
  "status.storageDown.two": "השרת לא שומר כרגע, שני קווים ממתינים",
  "status.storageDown.other": "השרת לא שומר כרגע, {n} קווים ממתינים",
  "status.local": "עוד לא צויר דבר",
  "status.localInk": "במכשיר הזה",
  "status.login": "צריך להתחבר שוב",
  "status.gone": "כבר לא זמין",
  "status.missing": "עוד לא נטען: יגיע עם החיבור לרשת",
  "status.refused.one": "שינוי אחד לא נשמר",
  "status.refused.two": "שני שינויים לא נשמרו",
  "status.refused.other": "{n} שינויים לא נשמרו",

  "people.guest": "אורח",

  "account.label": "חשבון",
  "account.title": "החשבון שלך",
  "account.logIn": "התחברות",
  "account.signUp": "הרשמה",
  "account.logOut": "התנתקות",
};
