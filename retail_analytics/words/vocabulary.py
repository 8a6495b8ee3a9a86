"""Names that stand in code and data and are spoken when they are shown: for the catalogues of other languages."""

from retail_analytics.language import message

NOUNS = (  # what is counted, with its plural
    message("day", "days"),
    message("week", "weeks"),
    message("month", "months"),
    message("year", "years"),
    message("store", "stores"),
    message("region", "regions"),
    message("store format", "store formats"),
    message("device class", "device classes"),
    message("link type", "link types"),
    message("group", "groups"),
    message("device", "devices"),
    message("row", "rows"),
    message("record", "records"),
    message("pair of records", "pairs of records"),
    message("indicator", "indicators"),
    message("number", "numbers"),
    message("file", "files"),
    message("table", "tables"),
)
SCOPES = (message("all"),)
TABLES = (message("device doubts"),)  # those of contracts are found there
COLUMNS = (
    message("kind"), message("protection"), message("reason"), message("records"), message("of"), message("months"),
    message("year"), message("weekday"), message("hour"), message("domain"), message("definition"), message("formula"),
    message("unit"),
)  # fmt: skip
BANDS = (
    message("all other"), message("protected"), message("isolated and watched"), message("protection silent"),
    message("not protected"), message("unknown"), message("supported"), message("past end of support"),
)  # fmt: skip
KINDS = (  # of incidents, and of what was noted
    message("theft"), message("fraud"), message("violence"), message("threat"), message("robbery"),
    message("burglary"), message("damage"), message("disorder"), message("cyber"), message("other"),
    message("recording change"), message("roll-out"), message("law"), message("price"), message("caveat"),
)  # fmt: skip
DEVICE_CLASSES = (  # those that our mappings know
    message("access point"), message("camera"), message("gate"), message("handheld"), message("kiosk"),
    message("label gateway"), message("not identified"), message("payment terminal"), message("printer"),
    message("scale"), message("self checkout"), message("sensor"), message("server"), message("signage"),
    message("till"), message("workstation"),
)  # fmt: skip
LINK_TYPES = (
    message("cable"), message("dsl"), message("fibre"), message("fixed wireless"), message("lte"),
    message("satellite"),
)  # fmt: skip
DOUBTS = (  # why two device records could not be told to be one
    message("hostname on many records"), message("hostname on records of many stores"),
    message("hostname on two records of one system at the same time"),
    message("same asset tag, two stores at the same time"), message("same mac, two stores at the same time"),
    message("same serial, two stores at the same time"),
)  # fmt: skip
REASONS = (  # why a change cannot be told (statistics.rates.year_on_year)
    message("too few months"), message("months not covered"), message("recording changed"),
    message("no interval for amounts"), message("too few members"), message("too few events"),
    message("none a year before"),
)  # fmt: skip
