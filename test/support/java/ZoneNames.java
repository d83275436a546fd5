import java.time.*;
import java.time.format.*;
import java.time.temporal.*;
import java.time.zone.ZoneRulesProvider;
import java.util.*;

/** Prints the English names of time zones, and which zone each name is parsed as: `java ZoneNames.java`. */
public class ZoneNames {
  static final DateTimeFormatter SHORT = DateTimeFormatter.ofPattern("z", Locale.US);
  static final DateTimeFormatter FULL = DateTimeFormatter.ofPattern("zzzz", Locale.US);
  static final DateTimeFormatter GENERIC_SHORT = DateTimeFormatter.ofPattern("v", Locale.US);
  static final DateTimeFormatter GENERIC_FULL = DateTimeFormatter.ofPattern("vvvv", Locale.US);

  public static void main(String[] args) {
    Map<String, List<String>> zonesOf = new LinkedHashMap<>();
    for (String id : new TreeSet<>(ZoneRulesProvider.getAvailableZoneIds())) {
      if (id.startsWith("SystemV/")) continue;
      TimeZone zone = TimeZone.getTimeZone(id);
      ZonedDateTime now = ZonedDateTime.of(2024, 1, 15, 12, 0, 0, 0, ZoneId.of(id));
      List<String> names = List.of(
          zone.getDisplayName(false, TimeZone.SHORT, Locale.US), zone.getDisplayName(true, TimeZone.SHORT, Locale.US),
          GENERIC_SHORT.format(now),
          zone.getDisplayName(false, TimeZone.LONG, Locale.US), zone.getDisplayName(true, TimeZone.LONG, Locale.US),
          GENERIC_FULL.format(now));
      // Where the formatter has no name of its own it prints the id.
      String own = SHORT.format(now).equals(id) || FULL.format(now).equals(id) ? "!" : "";
      zonesOf.computeIfAbsent(own + String.join("|", names), (key) -> new ArrayList<>()).add(id);
    }
    Map<String, String> shorts = new TreeMap<>();
    Map<String, String> fulls = new TreeMap<>();
    Map<String, String> gshorts = new TreeMap<>();
    Map<String, String> gfulls = new TreeMap<>();
    for (Map.Entry<String, List<String>> entry : zonesOf.entrySet()) {
      System.out.println(entry.getKey() + "|" + String.join(" ", entry.getValue()));
      for (String name : entry.getKey().split("\\|")) {
        put(shorts, SHORT, name);
        put(fulls, FULL, name);
        put(gshorts, GENERIC_SHORT, name);
        put(gfulls, GENERIC_FULL, name);
      }
    }
    System.out.println("short " + shorts);
    System.out.println("full " + fulls);
    System.out.println("gshort " + gshorts);
    System.out.println("gfull " + gfulls);
  }

  static void put(Map<String, String> names, DateTimeFormatter formatter, String name) {
    try {
      names.put(name, ZoneId.from(formatter.parse(name)).getId());
    } catch (DateTimeException error) {
      // Not a name in this style.
    }
  }
}
