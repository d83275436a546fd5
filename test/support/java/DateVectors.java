import java.io.*;
import java.nio.charset.StandardCharsets;
import java.time.*;
import java.time.format.*;
import java.time.temporal.*;
import java.util.*;

/**
 * Prints what java.time makes of patterns and texts: `java DateVectors.java > java-dates.txt`, with Java 17. A line is a function,
 * a pattern, an argument, a zone and the result, between tabs; a function that is that of the line before is left out, such a
 * pattern is `=`, and `!` is an error. Functions: FD, FT, FS print a date, time, timestamp; PD, SD, PT, PS read a date, a whole date, a time, a timestamp.
 */
public class DateVectors {
  static final Random random = new Random(17);
  static final Map<String, Object> formatters = new HashMap<>();
  static final PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
  static final Set<String> seen = new HashSet<>();
  /** Whether only some of the errors are printed: random texts make many. */
  static boolean thinned = true;
  static String lastFunction = "", lastPattern = "";

  static DateTimeFormatter formatter(String pattern, boolean ignoreCase) {
    Object known = formatters.computeIfAbsent(ignoreCase + pattern, (key) -> {
      try {
        DateTimeFormatterBuilder builder = new DateTimeFormatterBuilder();
        if (ignoreCase) builder.parseCaseInsensitive();
        return builder.appendPattern(pattern).toFormatter(Locale.US);
      } catch (RuntimeException error) {
        return error;
      }
    });
    if (known instanceof RuntimeException) throw (RuntimeException) known;
    return (DateTimeFormatter) known;
  }

  static String result(String function, String pattern, String argument, String zone) {
    ZoneId id = ZoneId.of(zone.isEmpty() ? "GMT" : zone);
    switch (function) {
      case "FD": return formatter(pattern, false).format(LocalDate.ofEpochDay(Long.parseLong(argument)));
      case "FT": return formatter(pattern, false).format(LocalTime.ofNanoOfDay(Long.parseLong(argument) * 1_000_000));
      case "FS": return formatter(pattern, false).format(Instant.ofEpochMilli(Long.parseLong(argument)).atZone(id));
      case "SD": return "" + LocalDate.parse(argument, formatter(pattern, true)).toEpochDay();
      case "PD": return "" + date(formatter(pattern, true).parse(argument), pattern);
      case "PT": return "" + time(formatter(pattern, true).parse(argument));
      default: return "" + timestamp(formatter(pattern, true).parse(argument), id).toInstant().toEpochMilli();
    }
  }

  /** A month or day that is not said is the first. */
  static long date(TemporalAccessor parsed, String pattern) {
    LocalTime time = parsed.query(TemporalQueries.localTime());
    if (time != null && time.toNanoOfDay() >= 1_000_000) throw new DateTimeException("time");
    LocalDate date = parsed.query(TemporalQueries.localDate());
    if (date != null) return date.toEpochDay();
    if (pattern.matches("(?:[^']|'[^']*')*[QqWwYec].*")) throw new UnsupportedOperationException();
    Set<TemporalField> allowed = Set.of(ChronoField.YEAR, ChronoField.MONTH_OF_YEAR, ChronoField.DAY_OF_MONTH,
        ChronoField.OFFSET_SECONDS);
    LocalDate result = LocalDate.of(1970, 1, 1);
    for (ChronoField field : ChronoField.values()) {
      if (!parsed.isSupported(field) || (time != null && time.isSupported(field))) continue;
      if (!allowed.contains(field)) throw new DateTimeException("part");
      if (field != ChronoField.OFFSET_SECONDS) result = result.with(field, parsed.getLong(field));
    }
    return result.toEpochDay();
  }

  static long time(TemporalAccessor parsed) {
    for (ChronoField field : ChronoField.values())
      if (field.isDateBased() && parsed.isSupported(field)) throw new DateTimeException("date");
    return LocalTime.from(parsed).toNanoOfDay() / 1_000_000;
  }

  /** The parts that the text says, from the smallest to the largest, set in 1970-01-01T00:00. */
  static ZonedDateTime timestamp(TemporalAccessor parsed, ZoneId otherwise) {
    ZoneId own = parsed.query(TemporalQueries.zone());
    ZonedDateTime result = ZonedDateTime.of(1970, 1, 1, 0, 0, 0, 0, own == null ? otherwise : own);
    for (ChronoField field : ChronoField.values()) {
      if (!parsed.isSupported(field)) continue;
      long value = parsed.getLong(field);
      if (field == ChronoField.DAY_OF_YEAR && value == 366) result = result.withYear(parsed.get(ChronoField.YEAR));
      result = result.with(field, value);
    }
    return result;
  }

  static void put(String function, String pattern, String argument, String zone) {
    if (!seen.add(function + "\t" + pattern + "\t" + argument + "\t" + zone) || argument.indexOf('\t') >= 0) return;
    String result;
    try {
      result = result(function, pattern, argument, zone);
      // What JavaScript counts exactly.
      if (function.startsWith("P") && Math.abs(Long.parseLong(result)) > 9007199254740991L) return;
      if ((function.equals("PD") || function.equals("SD")) && Integer.MAX_VALUE < Math.abs(Long.parseLong(result))) return;
    } catch (UnsupportedOperationException error) {
      if (error.getClass() == UnsupportedOperationException.class) return;
      result = "!";
    } catch (RuntimeException error) {
      result = "!";
    }
    if (result.equals("!") && thinned && random.nextInt(12) > 0) return;
    out.println((function.equals(lastFunction) ? "" : function) + "\t" + (pattern.equals(lastPattern) ? "=" : pattern) + "\t"
        + argument + "\t" + zone + "\t" + result);
    lastFunction = function;
    lastPattern = pattern;
  }

  static final long[] days = {0, 18690, 19723, 19722, 20088, -719528, -719162, -719893, 2932897, -1, 59, 11016, -8000000};
  static final long[] times = {0, 1, 999, 43200000, 45296789, 86399999, 3600000, 64800000, 75600000, 32405060};
  static final long[] instants = {0, 1625000000123L, 1609459199999L, 1616893200000L, 1635642000000L, -1, 1709164800000L,
      -62135596800000L, -62167219200001L, 253402300800000L, 951827696789L, 1704067200000L, 4102444800000L, 7258118400000L};
  static final String[] zones = {"", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "+05:30", "Australia/Lord_Howe",
      "UTC", "Europe/London", "UTC+3", "America/Sao_Paulo", "Z", "-03"};

  static <T> T one(T[] list) { return list[random.nextInt(list.length)]; }
  static long one(long[] list) { return list[random.nextInt(list.length)]; }

  static void everyFunction(String pattern, int rounds) {
    for (int i = 0; i < rounds; i++) {
      String day = "" + one(days), time = "" + one(times), instant = "" + one(instants), zone = one(zones);
      put("FD", pattern, day, "");
      put("FT", pattern, time, "");
      put("FS", pattern, instant, zone);
      readBack("PD", "SD", "FD", pattern, day, "");
      readBack("PT", null, "FT", pattern, time, "");
      readBack("PS", null, "FS", pattern, instant, zone);
      if (i == 0) {
        readBack("PD", "SD", "FS", pattern, "" + one(instants), "");
        readBack("PT", null, "FS", pattern, instant, "");
      }
    }
  }

  static void readBack(String read, String alsoRead, String print, String pattern, String argument, String zone) {
    String text;
    try {
      text = result(print, pattern, argument, zone);
    } catch (RuntimeException error) {
      return;
    }
    put(read, pattern, text, read.equals("PS") ? one(zones) : "");
    if (alsoRead != null) put(alsoRead, pattern, text, "");
    String other = changed(text);
    put(read, pattern, other, "");
    if (alsoRead != null) put(alsoRead, pattern, other, "");
  }

  static String changed(String text) {
    int at = text.isEmpty() ? 0 : random.nextInt(text.length());
    switch (random.nextInt(8)) {
      case 0: return text.toLowerCase(Locale.ROOT);
      case 1: return text.toUpperCase(Locale.ROOT);
      case 2: return text + one(new String[] {" ", "x", "0", "Z"});
      case 3: return text.isEmpty() ? text : text.substring(0, at) + text.substring(at + 1);
      case 4: return (random.nextBoolean() ? "+" : "-") + text;
      case 5: return text.substring(0, at) + random.nextInt(10) + text.substring(at);
      default: return text.isEmpty() ? text : text.substring(0, at) + random.nextInt(10) + text.substring(at + 1);
    }
  }

  static final String letters = "GuyDMLdQqYwWEecFaBhkKHmsSAnNVvzOXxZg";
  static final String[] texts = {"-", "/", " ", ":", ".", "'T'", "'at'", "''", ", "};

  public static void main(String[] args) {
    for (char letter : letters.toCharArray()) {
      for (int count = 1; count <= 6; count++) {
        String run = String.valueOf(letter).repeat(count);
        everyFunction(run, 2);
        if (count <= 5) {
          everyFunction("yyyy-MM-dd " + run, 1);
          everyFunction("HH:mm:ss " + run, 1);
          everyFunction("yyyy " + run, 1);
          everyFunction("uuuu-MM-dd'T'HH:mm:ss.SSS'/'" + run, 1);
          everyFunction("[" + run + "]", 1);
        }
        if (count <= 2) {
          everyFunction("ppp" + run, 1);
          everyFunction("ppppp" + run, 1);
          everyFunction("YYYY-" + run + "-e", 1);
          everyFunction("h:mm " + run, 1);
          everyFunction("yyyyMMdd" + run, 1);
        }
      }
    }
    for (String pattern : new String[] {"yyyy-MM-dd", "yyyyMMdd", "yyyyMMddHHmmss", "yyyyMMddHHmmssSSS", "yy-MM-dd HH:mm:ssX",
        "yyyy-MM-dd'T'HH:mm:ss.SSSX", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "EEE, dd MMM yyyy HH:mm:ss Z", "dd/MMM/yyyy:HH:mm:ss Z",
        "EEEE, MMMM d, yyyy h:mm a", "MM/dd/yyyy hh:mm:ss a", "M/d/yy", "yyyy-DDD", "YYYY-'W'ww-e", "yyyy-MM-W-e", "yyyy-QQQ",
        "hh:mm", "mm:ss.SSS", "SSS", "D", "d", "M", "H", "a", "ha", "B", "h B", "HHmm", "Hmm", "HHmmss", "kk:mm", "KK:mm a", "A", "N",
        "n", "HH:mm:ss.SSSSSSSSS", "HH:mm:ss.n", "yyyy-MM-dd HH:mm:ss z", "yyyy-MM-dd HH:mm:ss zzzz", "yyyy-MM-dd HH:mm:ss VV",
        "yyyy-MM-dd HH:mm:ss O", "yyyy-MM-dd HH:mm:ss v", "G yyyy-MM-dd", "yyyy-MM-dd G", "uuuu", "yyyyMM", "yyyyM", "yMd", "yyMMdd",
        "yyyy-MM[-dd]", "yyyy[-MM[-dd]]", "[yyyy-MM-dd][dd.MM.yyyy]", "[HH:mm", "'it''s' yyyy", "yyyy''MM", "pppM", "ppH:ppm", "ppHppm",
        "ppHmm", "invalid", "yyyy-MM-dd'T", "{", "yyyy]", "bb", "I", "", "'x'", "E", "EEE d MMM", "MMM", "F", "MM-dd", "Q", "W", "w",
        "YYYY", "e", "yyyy e", "yyyy-MM-dd e", "VV", "z", "X", "yyyy-MM-dd X", "HH:mm X", "HH:mm z", "HH:mm:ss'Z'", "g", "yyyy-MM-dd HH",
        "yyyy-MM-dd kk", "uuuu-MM-dd y", "yyyy yyyy", "MM MMM", "dd D yyyy", "mm:HH", "ss", "HH ss", "HH SSS", "S", "SSSSSSSSSS"})
      everyFunction(pattern, 5);
    thinned = false;
    String[][] given = {
        {"PS", "yyyy-MM-dd hh:mm", "2021-12-01 10:20"}, {"PS", "mm:ss.SSS", "07:45.250"}, {"PS", "SSS", "500"}, {"PS", "D", "60"},
        {"PS", "D", "366"}, {"PS", "yyyy-D", "2020-366"}, {"PS", "yyyy-D", "2021-366"}, {"PT", "hh:mm", "10:20"}, {"PT", "SSS", "500"},
        {"PT", "HH:mm", "24:00"}, {"PT", "HH", "07"}, {"PT", "mm", "07"}, {"PT", "hh:mm a", "12:00 am"}, {"PT", "hh:mm a", "13:00 PM"},
        {"PS", "yyyy-MM-dd HH:mm:ss", "2021-02-30 00:00:00"}, {"PS", "yyyy-MM-dd HH:mm:ss", "2021-02-32 00:00:00"},
        {"PS", "yyyy-MM-dd HH:mm:ss", "2021-04-31 24:00:00"}, {"PS", "yyyy-MM-dd HH:mm:ss", "2021-04-30 24:00:01"},
        {"PS", "yyyy-MM-dd HH:mm:ss", "2021-04-30T23:00:01Z"}, {"PS", "yyyy-MM-dd'T'HH:mm:ss", "2021-04-30T23:00:01Z"},
        {"PS", "yyyy-MM-dd'T'HH:mm:ss", "2021-04-30t23:00:01"}, {"PD", "yyyy-MM-dd", "2021-02-30"}, {"SD", "yyyy-MM-dd", "2021-02-30"},
        {"PD", "dd-MMM-yyyy", "01-dec-2021"}, {"SD", "dd-MMM-yyyy", "01-DEC-2021"}, {"PD", "dd-MMMM-yyyy", "01-DECEMBER-2021"},
        {"PD", "yyyy-MM-dd", "0001-01-01"}, {"PD", "yyyy-MM-dd", "0099-12-31"}, {"PD", "yyyy-MM-dd", "0000-01-01"},
        {"PD", "yyyy-MM-dd", "-0001-01-01"}, {"PD", "uuuu-MM-dd", "-0001-01-01"}, {"PD", "yyyy-MM-dd", "10000-01-01"},
        {"PD", "yyyy-MM-dd", "+10000-01-01"}, {"PD", "yyyy-MM-dd", "2021-1-1"}, {"PD", "y-M-d", "2021-1-1"}, {"PD", "D", "60"},
        {"PD", "MM-dd", "02-30"}, {"PS", "MM-dd", "02-30"}, {"PS", "MM-dd", "13-01"}, {"PS", "E", "Wed"}, {"PS", "yyyy-MM-dd E", "2021-12-01 Thu"},
        {"PS", "yyyy-MM-dd E", "2021-12-01 wed"}, {"PS", "YYYY-ww-e", "2021-53-7"}, {"PS", "yyyy-ww-e", "2021-01-1"}};
    for (String[] each : given) put(each[0], each[1], each[2], "");
    String[] names = {"CEST", "CET", "cest", "PST", "PDT", "EST", "IST", "GMT", "UTC", "Z", "BST", "Europe/Berlin", "+02:00", "UTC+2",
        "UTC+02:00", "GMT-03:30", "Central European Summer Time", "Pacific Standard Time", "Coordinated Universal Time", "XYZ", "GMT0",
        "UT", "America/Los_Angeles", "JST", "AEST", "CST", "MSK", "WET", "ET", "Eastern Time", "europe/berlin", "EST5EDT", "HST", "MST"};
    for (String name : names) {
      for (String letter : new String[] {"z", "zzzz", "VV", "v", "vvvv"}) {
        put("PS", "yyyy-MM-dd HH:mm " + letter, "2021-07-01 10:20 " + name, "");
        put("PS", "yyyy-MM-dd HH:mm " + letter, "2021-01-01 10:20 " + name, "");
      }
      for (String letter : new String[] {"X", "XXX", "Z", "ZZZZ", "ZZZZZ", "O", "OOOO", "x"})
        put("PS", "yyyy-MM-dd HH:mm " + letter, "2021-07-01 10:20 " + name, "");
    }
    for (String offset : new String[] {"+2", "+02", "+0200", "+02:00", "+02:30:15", "-00:00", "+18:00", "+18:01", "+24:00", "-0330", "GMT+2",
        "GMT+02:00", "GMT-3:30", "gmt+1", "+023015"})
      for (String letter : new String[] {"X", "XX", "XXX", "XXXX", "XXXXX", "x", "xx", "xxx", "xxxx", "xxxxx", "Z", "ZZZZ", "ZZZZZ", "O",
          "OOOO", "VV", "z"})
        put("PS", "yyyy-MM-dd HH:mm:ss" + letter, "2021-07-01 10:20:30" + offset, "");
    for (String zone : new TreeSet<>(java.time.zone.ZoneRulesProvider.getAvailableZoneIds())) {
      // What their standard time is is a matter of opinion, which the platform's data do not tell.
      if (Set.of("America/Scoresbysund", "Africa/Windhoek", "Africa/Casablanca", "Africa/El_Aaiun").contains(zone)) continue;
      if (zone.startsWith("SystemV/") || random.nextInt(8) > 0) continue;
      for (long instant : new long[] {1720000000000L, 1705000000000L})
        put("FS", "yyyy-MM-dd HH:mm:ss z zzzz v vvvv VV O", "" + instant, zone);
    }
    for (String zone : new String[] {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran"})
      for (String text : new String[] {"2021-03-28 02:30", "2021-10-31 02:30", "2021-03-14 02:30", "2021-11-07 01:30", "2021-10-03 02:15",
          "2021-04-04 01:45", "2011-12-30 10:00", "1900-01-01 00:00", "2050-07-01 12:00", "9999-07-01 12:00"})
        put("PS", "yyyy-MM-dd HH:mm", text, zone);
    thinned = true;
    for (int i = 0; i < 400; i++) {
      StringBuilder pattern = new StringBuilder();
      int parts = 1 + random.nextInt(5);
      boolean open = false;
      for (int part = 0; part < parts; part++) {
        if (random.nextInt(8) == 0 && !open) { pattern.append('['); open = true; }
        if (random.nextInt(12) == 0) pattern.append("p".repeat(1 + random.nextInt(3)));
        pattern.append(String.valueOf(letters.charAt(random.nextInt(letters.length()))).repeat(1 + random.nextInt(4)));
        if (random.nextInt(6) == 0 && open) { pattern.append(']'); open = false; }
        if (random.nextInt(3) > 0) pattern.append(one(texts));
      }
      everyFunction(pattern.toString(), 1);
    }
    out.flush();
  }
}
