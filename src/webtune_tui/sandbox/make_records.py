"""Makes `data/amazon_products.ndjson.gz` and `data/MANIFEST.json` from the hand-written parts in `data/parts`.

Run `python -m webtune_tui.sandbox.make_records`; the same parts always give the same records. Nothing in them
is a real product, brand, person or shop.

A file of parts starts with `@ department | best-seller root | slug | words that mean this category` and
`% brands`. Each product type follows:

    # noun | short word | shelf > shelf | low-high price | weight | dimensions | keywords
    = attribute: value / value / value
    > opening sentence (one for each product made of this type)
    - HEAD | text of the feature | sentence of the description that tells the same
    ~ honest limit
    * what is in the box
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

Row = dict[str, object]

DATA = Path(__file__).parent / "data"
PRODUCTS_PER_TYPE = 3
COLLECTED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
IMAGES = "https://m.media-amazon.com/images/I/"
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

ALWAYS_SENT = ("final_price", "initial_price", "rating")

ASPECTS_TOLD = ((0, 1, 2, 3), (3, 4, 5, 0), (2, 4, 1, 5))
"""Which aspects the description of the first, second and third product of a type tells; the last is for short texts."""

SHORT_TEXT = 72
SHORTEST_TEXT = 60
"""Words below which a description tells a fourth aspect, and a fifth."""

FACTS = (
    "This version: {size}, {material}, {color}.",
    "Shown here: {color}, {size}, {material}.",
    "Version on this page: {size}, {color}.",
    "Selected: {color}, {material}.",
    "Options shown: {size}, {material}, {color}.",
    "Listed here: {material}, {color}.",
)

BRAND_STORIES = (
    "{brand} is a small workshop that makes few things and mends all of them. Every piece is checked by two people"
    " before it is packed, and the packing is paper only. Spare parts can be ordered for ten years. If something is"
    " wrong with your order, send it back within sixty days and keep the stamp money.",
    "Everything by {brand} is designed by people who use it at home. We test for a year before we sell, we print the"
    " limits of a product next to its strengths, and we repair what can be repaired. Our parcels leave the house"
    " without plastic, and one order in ten is packed by the person who drew the product.",
    "{brand} began with a single product sold at a street market. Today there are forty of them, made in four"
    " family-run places that we visit twice a year. We would rather sell one good thing than three that break, which"
    " is why each of our products can be taken apart with ordinary tools.",
    "Good things are quiet: that is the idea behind {brand}. No loud colors, no needless functions, no apps where a"
    " switch will do. Each product carries the date on which it was made and the name of the place, and both are true.",
)

PLACEHOLDERS = (
    "N/A",
    "No description available",
    "n/a",
    "Description not available.",
    "-",
    "TBD",
    "No description available.",
    "null",
)

SYNONYMS = {
    "small": "little",
    "keeps": "holds",
    "keep": "hold",
    "holds": "keeps",
    "comes": "arrives",
    "enough": "sufficient",
    "needs": "requires",
    "large": "big",
    "included": "enclosed",
    "without": "with no",
    "made": "built",
    "stays": "remains",
    "stay": "remain",
    "rather": "somewhat",
    "quiet": "silent",
    "whole": "entire",
    "goes": "fits",
    "often": "frequently",
    "hard": "difficult",
    "gives": "offers",
    "and": "&",
    "about": "around",
    "only": "just",
    "long": "lengthy",
    "box": "carton",
    "wide": "broad",
    "shows": "displays",
    "takes": "accepts",
}

REVIEWS = (
    'Bought the {color} version in {month}. "{head}" was the reason and it is true. My only complaint is the'
    " instructions, which are printed far too small.",
    "Second {word} from this brand. The first went to my sister and I missed it within a week.",
    'Four stars because the color is darker than in the photo. As for "{head}": no complaints after {weeks} weeks.',
    "I read the note about its limits and bought it anyway. Fair warning, fair price, and I use the {word} daily.",
    'It took a while to arrive. {weeks} weeks in I see no marks on the {word}, and "{head}" still holds true.',
    "Gave it as a present and ordered another one for us. Solid, simple, no nonsense.",
    "Nothing wrong with the {word}. I had hoped for a little more weight, but for what I paid I can't complain.",
    'Compared three of these before choosing. What decided it was "{head}", and I was right.',
    "One corner was scuffed on arrival; the seller sent a new one without asking for pictures.",
    "My partner laughed at me for reading reviews of every {word} there is. Now nobody may move ours.",
)

ERRORS = (
    ("dead_page", "Product page B0ZZGONE01 no longer exists"),
    ("crawl_failed", "Collection failed after multiple attempts"),
    ("blocked", "Access to the page was blocked"),
    ("dead_page", "Product page B0ZZGONE04 no longer exists"),
    ("crawl_error", "Crawler error: Unexpected Status 502"),
    ("parse_error", "Cannot read the product block of the page"),
    ("wait_element_timeout", "Crawler error: waiting for the element timed out"),
    ("dead_page", "Product page B0ZZGONE08 no longer exists"),
)


@dataclass(frozen=True)
class Category:
    """A department of the shop; `slug` is the last part of its best-sellers address."""

    department: str
    root: str
    slug: str
    words: tuple[str, ...]
    brands: tuple[str, ...]


@dataclass
class ProductType:
    """One kind of product with everything that its products are put together from."""

    category: Category
    noun: str
    word: str
    shelves: tuple[str, ...]
    price_range: tuple[int, int]
    weight: str
    dimensions: str
    keywords: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    openings: list[str] = field(default_factory=list)
    aspects: list[tuple[str, str, str]] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)


def parts(text: str, separator: str = "|") -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator))


def price_range(text: str) -> tuple[int, int]:
    low, high = text.split("-")
    return int(low), int(high)


def read_types(path: Path) -> list[ProductType]:
    """Reads one file of parts."""
    types: list[ProductType] = []
    heading: tuple[str, ...] = ()
    category: Category | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, content = line[:1], line[2:].strip()
        if mark == "@":
            heading = parts(content)
        elif mark == "%":
            department, root, slug, words = heading
            category = Category(department, root, slug, parts(words, ","), parts(content))
        elif mark == "#":
            if category is None:
                raise ValueError(f"{path.name}: a product before the brands")
            noun, word, shelves, price, weight, dimensions, keywords = parts(content)
            types.append(
                ProductType(
                    category,
                    noun,
                    word,
                    parts(shelves, ">"),
                    price_range(price),
                    weight,
                    dimensions,
                    parts(keywords, ","),
                )
            )
        elif mark:
            add_detail(types[-1], mark, content)
    return types


def add_detail(product_type: ProductType, mark: str, content: str) -> None:
    if mark == "=":
        name, values = content.split(":", 1)
        product_type.attributes[name.strip()] = parts(values, " / ")
    elif mark == "-":
        head, feature, sentence = parts(content)
        product_type.aspects.append((head, feature, sentence))
    else:
        {">": product_type.openings, "~": product_type.limits, "*": product_type.boxes}[mark].append(content)


ACRONYMS = {word.lower(): word for word in ("USB-C", "USB", "AAA", "LED", "HDMI", "TV", "mm", "x")}
SMALL_WORDS = frozenset(("and", "with", "of", "in", "from", "the", "a", "for", "to", "on", "at", "by", "or"))


def title_case(text: str) -> str:
    """The text as shops write titles; a head in capitals must come through :func:`spoken` first."""
    words = text.split()
    return " ".join(
        ACRONYMS.get(word.lower()) or (word if word in SMALL_WORDS and at else word[:1].upper() + word[1:])
        for at, word in enumerate(words)
    )


def spoken(head: str) -> str:
    """A head in capitals as it stands inside a sentence."""
    return " ".join(ACRONYMS.get(word.lower(), word.lower()) for word in head.split())


def opened(text: str) -> str:
    return text[:1].upper() + text[1:]


def feature_lines(aspects: list[tuple[str, str, str]], style: int) -> list[str]:
    """The five bullet points in the manner of the brand."""
    styles: tuple[Callable[[str, str], str], ...] = (
        lambda head, text: f"{head}: {text}",
        lambda head, text: f"{opened(spoken(head))} - {text}.",
        lambda head, text: f"【{title_case(spoken(head))}】 {opened(text)}",
        lambda head, text: f"{opened(spoken(head))}: {text}",
    )
    return [styles[style](head, text) for head, text, _ in aspects]


def told_aspects(product_type: ProductType, number: int, frame_words: int) -> list[tuple[str, str, str]]:
    """Three aspects of the product, or a fourth and fifth while the text would be short."""
    rest = [at for at in range(len(product_type.aspects)) if at not in ASPECTS_TOLD[number]]
    told: list[tuple[str, str, str]] = []
    for at in (*ASPECTS_TOLD[number], *rest):
        length = frame_words + sum(len(sentence.split()) for _, _, sentence in told)
        if len(told) == 5 or (len(told) >= 3 and length >= (SHORT_TEXT, SHORTEST_TEXT)[len(told) - 3]):
            break
        told.append(product_type.aspects[at])
    return told


def write_text(
    product_type: ProductType, number: int, values: dict[str, str], style: int, chance: random.Random
) -> tuple[str, str, list[str]]:
    """Title, description and features of the product `number` (0..2) of a type."""
    frame = [product_type.openings[number], product_type.limits[number], product_type.boxes[number % 2]]
    told = told_aspects(product_type, number, sum(len(sentence.split()) for sentence in frame))
    untold = [aspect for aspect in product_type.aspects if aspect not in told]
    listed = (told + chance.sample(untold, len(untold)))[:5]
    sentences = [frame[0], *(sentence for _, _, sentence in told), *frame[1:]]
    sentences.insert(chance.randint(1, len(told) + 1), chance.choice(FACTS))
    description = " ".join(sentence.format_map(values) for sentence in sentences)
    description = re.sub(r"(^|[.] )([a-z])", lambda found: found[1] + found[2].upper(), description)
    heads = " and ".join(title_case(spoken(head)) for head, _, _ in listed[:2])
    ends = (f", {heads}", f" | {title_case(spoken(listed[0][0]))}", "", f" - {heads}")
    title = (
        f"{values['brand']} {product_type.noun}, {title_case(values['size'])}, {title_case(values['material'])}, "
        f"{values['color']}{ends[style]}"
    )
    return title, description, [line.format_map(values) for line in feature_lines(listed, style)]


def identifier(number: int, prefix: str) -> str:
    """An id in the shape of the shop's, from a range that the shop doesn't use: `B0ZZ` and six characters."""
    mixed = (number * 7_919_993 + 104_729) % 36**6
    digits = ""
    for _ in range(6):
        mixed, digit = divmod(mixed, 36)
        digits = BASE36[digit] + digits
    return prefix + digits


def moment(number: int) -> str:
    at = COLLECTED + timedelta(seconds=number * 7, milliseconds=(number * 137) % 1000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shop_address(asin: str) -> str:
    return f"https://www.amazon.com/dp/{asin}"


@dataclass(frozen=True)
class Product:
    """What differs from record to record before the shop's own fields are put round it."""

    number: int
    category: Category
    word: str
    shelves: tuple[str, ...]
    brand: str
    title: str
    description: str
    features: list[str]
    prices: tuple[int, int]
    details: list[tuple[str, str]]
    weight: str | None = None
    dimensions: str | None = None
    keywords: tuple[str, ...] = ()
    language: str = "en-US"


def prices_of(product: Product, chance: random.Random) -> Row:
    low, high = product.prices
    final = round(chance.uniform(low, high)) - 0.01 if chance.random() < 0.8 else float(chance.randint(low, high))
    reduced = chance.random() < 0.45
    initial = round(final * chance.uniform(1.08, 1.4), 2) if reduced else None
    discount = f"-{round(100 - final / initial * 100)}%" if initial else None
    available = chance.random() > 0.05
    return {
        "initial_price": initial,
        "final_price": final if available else None,
        "final_price_high": None,
        "currency": "USD",
        "discount": discount,
        "is_available": available,
        "availability": "In Stock" if available else "Currently unavailable.",
        "buybox_prices": {"final_price": final, "initial_price": initial, "discount": discount, "unit_price": None},
        "prices_breakdown": {
            "typical_price": None,
            "list_price": initial,
            "deal_type": "Limited time deal" if reduced and chance.random() < 0.4 else None,
        },
    }


def ranks_of(product: Product, chance: random.Random) -> Row:
    rank = chance.randint(1, 400)
    badge = "#1 Best Seller" if rank <= 4 else "Amazon's  Choice" if chance.random() < 0.15 else None
    shelf = product.shelves[-1]
    bought = chance.choice((0, 50, 100, 200, 400, 900, 2000))
    return {
        "root_bs_rank": rank * chance.randint(30, 300),
        "root_bs_category": product.category.root,
        "bs_category": shelf,
        "bs_rank": rank,
        "badge": badge,
        "amazon_choice": bool(badge and "Choice" in badge),
        "subcategory_rank": [{"subcategory_name": shelf, "subcategory_rank": rank}],
        "all_badges": [badge] if badge else [],
        "bought_past_month": bought,
        "bought_past_month_text": f"{bought}+ bought in past month" if bought else None,
    }


def opinions_of(product: Product, chance: random.Random) -> Row:
    rating = chance.choice((4, 5, 3.2, 3.9, 4.1, 4.2, 4.3, 4.4, 4.4, 4.5, 4.5, 4.6, 4.6, 4.7, 4.8))
    head = opened(spoken(product.features[0].strip("【").split("】")[0].split(":")[0].split(" - ")[0]))
    color = next((value.lower() for name, value in product.details if name == "Color"), "second")
    review = chance.choice(REVIEWS).format(
        color=color,
        head=head,
        word=product.word,
        month=chance.choice(("March", "May", "July", "October")),
        weeks=chance.randint(2, 14),
    )
    return {
        "rating": rating,
        "reviews_count": int(chance.lognormvariate(5, 1.4)) + 1,
        "answered_questions": chance.randint(0, 60),
        "top_review": review if product.language == "en-US" else None,
        "customer_says": f'Buyers like the {product.word} and mention "{head}".' if chance.random() < 0.3 else None,
    }


def record_of(product: Product) -> Row:
    """The record of a product, with the fields that the Amazon products scraper delivers; some omit what is null."""
    chance = random.Random(f"record {product.number}")
    asin = identifier(product.number, "B0ZZ")
    seller = f"A0EXAMPLE{product.category.slug.replace('-', '').upper()[:6]}{product.number % 4}"
    pictures = [f"{IMAGES}EXAMPLE{product.number:04d}{at}._AC_SL1500_.jpg" for at in range(1, chance.randint(2, 4))]
    shop = product.brand.replace("&", "and").replace(" ", "")
    video = chance.random() < 0.3
    started = datetime(2019, 1, 1, tzinfo=UTC) + timedelta(days=chance.randint(0, 2700))
    details = [{"type": name, "value": value} for name, value in product.details]
    record: Row = {
        "title": product.title,
        "seller_name": f"{product.brand} Direct",
        "brand": product.brand,
        "description": product.description,
        **prices_of(product, chance),
        **opinions_of(product, chance),
        "categories": [product.category.department, *product.shelves],
        "parent_asin": identifier(product.number, "B0ZY"),
        "asin": asin,
        "buybox_seller": f"{product.brand} Direct",
        "number_of_sellers": chance.randint(1, 4),
        "ISBN10": None,
        "domain": "https://www.amazon.com/",
        "images_count": len(pictures),
        "url": f"{shop_address(asin)}?th=1&psc=1&language=en_US&currency=USD",
        "video_count": int(video),
        "image_url": pictures[0],
        "item_weight": product.weight,
        "product_dimensions": product.dimensions,
        "seller_id": seller,
        "image": pictures[0],
        "date_first_available": f"{started:%B} {started.day}, {started.year}",
        "model_number": f"{shop[:3].upper()}-{chance.randint(100, 999)}",
        "manufacturer": product.brand,
        "department": product.category.department,
        "plus_content": chance.random() < 0.4,
        "upc": f"0000{product.number:08d}",
        "video": video,
        "variations": [],
        "features": product.features,
        "delivery": [
            f"FREE delivery {chance.choice(('Tuesday', 'Friday', 'Saturday'))}, November {24 + chance.randint(0, 5)}"
        ],
        "format": None,
        "input_asin": None,
        "ingredients": None,
        "origin_url": None,
        **ranks_of(product, chance),
        "images": pictures,
        "product_details": [*details, {"type": "ASIN", "value": asin}],
        "country_of_origin": chance.choice((None, "Portugal", "Canada", "Poland", "Japan", "USA")),
        "from_the_brand": None,
        "product_description": None,
        "seller_url": f"https://www.amazon.com/sp?ie=UTF8&seller={seller}&asin={asin}",
        "climate_pledge_friendly": chance.random() < 0.1,
        "zipcode": "94107",
        "sponsered": False,
        "sponsored": False,
        "store_url": f"https://www.amazon.com/stores/{shop}/page/EXAMPLE",
        "ships_from": "Amazon",
        "language": product.language,
        "amazon_prime": True,
        "title_clean": product.title,
        "timestamp": moment(product.number),
        "input": {"url": shop_address(asin), "asin": "", "zipcode": "94107"},
    }
    if chance.random() < 0.6:
        return {name: value for name, value in record.items() if value is not None or name in ALWAYS_SENT}
    return record


def base_products(types: list[ProductType]) -> Iterator[Product]:
    """Three products of each type, each with its own brand, values, opening, aspects and limit."""
    number = 0
    for at, product_type in enumerate(types):
        for variant in range(PRODUCTS_PER_TYPE):
            chance = random.Random(f"product {product_type.category.slug} {product_type.noun} {variant}")
            style = (at + variant) % 4
            brand = product_type.category.brands[style]
            values = {name: options[(variant + at) % len(options)] for name, options in product_type.attributes.items()}
            values["brand"] = brand
            title, description, features = write_text(product_type, variant, values, style, chance)
            shown = [(name.capitalize(), title_case(value)) for name, value in values.items() if name != "brand"]
            yield Product(
                number,
                product_type.category,
                product_type.word,
                product_type.shelves,
                brand,
                title,
                description,
                features,
                product_type.price_range,
                [("Brand", brand), *shown],
                product_type.weight,
                product_type.dimensions,
                product_type.keywords,
            )
            number += 1


def foreign_products(categories: dict[str, Category], first: int) -> Iterator[Product]:
    """The products of `languages.txt`."""
    tags = {"de": "de-DE", "es": "es-US", "pt": "pt-BR", "fr": "fr-CA", "ja": "ja-JP"}
    lines = (DATA / "parts" / "languages.txt").read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        tag, slug, brand, title, prices, material, features, description = parts(line)
        category = categories[slug]
        yield Product(
            first + at,
            category,
            "product",
            (category.root,),
            brand,
            f"{brand} {title}",
            description,
            list(parts(features, "##")),
            price_range(prices),
            [("Brand", brand), ("Material", material)],
            language=tags[tag],
        )


def as_page_source(text: str, features: list[str], style: int) -> str:
    """The text as pages deliver it: tags and entities round the same words."""
    coded = text.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&quot;")
    first, _, rest = coded.partition(". ")
    items = "".join(f"<li>{feature.replace('&', '&amp;')}</li>" for feature in features[:2])
    return (
        f"<p>{coded}</p>",
        f"{first}.<br /><br />{rest}",
        f'<div class="a-section"><p><b>{first}.</b></p><p>{rest}</p></div>',
        f"<p>{coded}</p><ul>{items}</ul>",
        f"&nbsp;{first}.&nbsp; {rest.replace('. ', '.&nbsp; ')}",
        f'<!-- aplus --><span style="font-size:14px">{coded}</span><br>',
    )[style % 6]


def with_invisibles(text: str, style: int) -> str:
    """The text with characters that nobody sees, or that turn the line round."""
    words = text.split(" ")
    middle = len(words) // 2
    words[middle] = (
        "\u200b" + words[middle],
        "\u202e" + words[middle] + "\u202c",
        words[middle] + "\u00ad",
        "\ufeff" + words[middle],
        words[middle] + "\x0b",
    )[style % 5]
    words[2] += ("\x07", "\u200e", "\u200d", "\x1f", "\u2066\u2069")[style % 5]
    return " ".join(words)


def as_mojibake(text: str) -> str:
    """UTF-8 read as Windows-1252, as happens to quotes and dashes."""
    typographic = text.replace("'", "’").replace(", and ", " – and ", 1).replace(". ", ".\u00a0", 1)
    return typographic.encode("utf-8").decode("cp1252")


def cut_off(text: str, chance: random.Random) -> str:
    """The text up to the middle of a sentence."""
    words = text.split(" ")
    end = int(len(words) * chance.uniform(0.55, 0.8))
    while words[end - 1][-1] in ".,:;!?":
        end -= 1
    return " ".join(words[:end])


def reworded(text: str, chance: random.Random) -> str:
    """The text with two to five words replaced, always fewer than a tenth of them."""
    words = text.split(" ")
    places = [at for at, word in enumerate(words) if word in SYNONYMS]
    count = min(len(places), max(2, min(5, len(words) // 14)))
    for at in chance.sample(places, count):
        words[at] = SYNONYMS[words[at]]
    return " ".join(words)


def contact_line(brand: str, number: int) -> str:
    name = re.sub(r"[^a-z]", "", brand.lower())
    return f"Questions? Write to care@{name}.example.com or call +1 (555) 010-{number:04d}."


class Shelf:
    """The rows on their way to the file, and the answer key that grows with each change."""

    def __init__(self, products: list[Product]) -> None:
        self.products = {record_asin(product): product for product in products}
        self.rows: list[Row] = [record_of(product) for product in products]
        self.planted: dict[str, list[object]] = {}
        self.chance = random.Random("what the shop did to its texts")
        self.untouched = [row for row in self.rows if row["language"] == "en-US"]
        self.chance.shuffle(self.untouched)
        self.next_number = len(products)

    def take(self, count: int) -> list[Row]:
        taken, self.untouched = self.untouched[:count], self.untouched[count:]
        return taken

    def plant(self, kind: str, rows: list[Row], change: Callable[[int, Row], None]) -> None:
        for at, row in enumerate(rows):
            change(at, row)
        self.planted[kind] = [str(row["asin"]) for row in rows]

    def copy(self, original: Row, **changes: object) -> Row:
        """The same text sold under another asin by another seller."""
        product = self.products[str(original["asin"])]
        number, self.next_number = self.next_number, self.next_number + 1
        twin = Product(**{**product.__dict__, "number": number})
        self.products[record_asin(twin)] = twin
        row = {**record_of(twin), **changes, "seller_name": "Example Goods", "buybox_seller": "Example Goods"}
        self.rows.append(row)
        return row


def record_asin(product: Product) -> str:
    return identifier(product.number, "B0ZZ")


def plant_dirt(shelf: Shelf) -> None:
    """Spoils some texts as the real thing does; each row is spoilt in one way only."""

    def set_text(change: Callable[[int, str], object]) -> Callable[[int, Row], None]:
        def apply(at: int, row: Row) -> None:
            row["description"] = change(at, str(row["description"]))

        return apply

    def page_source(at: int, row: Row) -> None:
        features = row["features"]
        row["description"] = as_page_source(str(row["description"]), features if isinstance(features, list) else [], at)

    def title_as_text(_: int, row: Row) -> None:
        row["description"] = row["title"]

    def contacts(at: int, row: Row) -> None:
        row["description"] = f"{row['description']} {contact_line(str(row['brand']), 100 + at)}"

    shelf.plant("html", shelf.take(50), page_source)
    shelf.plant("empty", shelf.take(20), set_text(lambda at, _: ("", None, "   ")[at % 3]))
    shelf.plant("title_as_description", shelf.take(7), title_as_text)
    shelf.plant("cut_off", shelf.take(10), set_text(lambda _, text: cut_off(text, shelf.chance)))
    shelf.plant("invisible", shelf.take(10), set_text(lambda at, text: with_invisibles(text, at)))
    shelf.plant("mojibake", shelf.take(7), set_text(lambda _, text: as_mojibake(text)))
    shelf.plant("placeholder", shelf.take(8), set_text(lambda at, _: PLACEHOLDERS[at]))
    shelf.plant("contacts", shelf.take(7), contacts)
    plant_odd_values(shelf)
    plant_hostile(shelf)


def plant_odd_values(shelf: Shelf) -> None:
    """Values in the shapes that published files really have: a missing list, a number as an object or as text."""

    def no_features(at: int, row: Row) -> None:
        row["features"] = (None, [])[at % 2]

    def odd_rating(at: int, row: Row) -> None:
        row["rating"] = ({"__TYPE__": "Literal_value", "value": "4.8"}, "4.6 out of 5 stars", None)[at]

    shelf.plant("no_features", shelf.take(6), no_features)
    shelf.plant("odd_rating", shelf.take(3), odd_rating)


def plant_hostile(shelf: Shelf) -> None:
    """Escape sequences and markup that must never act on a terminal or a screen."""

    def escapes(at: int, row: Row) -> None:
        name = "title" if at == 0 else "description"
        row[name] = (f"\x1b[31m{row[name]}\x1b[0m", f"{row[name]} \x1b]0;sold out\x07", f"\x1b[2J{row[name]}")[at]

    def markup(at: int, row: Row) -> None:
        name = "title" if at < 2 else "description"
        row[name] = f"{row[name]} {('[@click=app.quit]x[/]', '[bold red]NEW[/]')[at % 2]}"

    shelf.plant("escape_sequence", shelf.take(3), escapes)
    shelf.plant("markup", shelf.take(4), markup)


def plant_copies(shelf: Shelf) -> None:
    """Exact and near copies, rows delivered twice, and texts shared by different products of a brand."""
    exact = [[str(row["asin"]), str(shelf.copy(row)["asin"])] for row in shelf.take(14)]
    shelf.planted["exact_duplicate"] = list(exact)
    near = []
    for row in shelf.take(14):
        twin = shelf.copy(row, description=reworded(str(row["description"]), shelf.chance))
        near.append([str(row["asin"]), str(twin["asin"])])
    shelf.planted["near_duplicate"] = list(near)
    twice = shelf.take(7)
    shelf.rows += [{**row, "timestamp": moment(3000 + at)} for at, row in enumerate(twice)]
    shelf.planted["delivered_twice"] = [str(row["asin"]) for row in twice]
    shelf.planted["shared_target"] = list(shared_targets(shelf))


def shared_targets(shelf: Shelf) -> Iterator[list[str]]:
    for story in BRAND_STORIES:
        brand = next(
            str(row["brand"])
            for row in shelf.untouched
            if sum(other["brand"] == row["brand"] for other in shelf.untouched) >= 3
        )
        group = [row for row in shelf.untouched if row["brand"] == brand][:3]
        shelf.untouched = [row for row in shelf.untouched if row["brand"] != brand]
        for row in group:
            row["description"] = story.format(brand=brand)
        yield [str(row["asin"]) for row in group]


def error_rows() -> list[Row]:
    return [
        {
            "timestamp": moment(4000 + at),
            "input": {"url": shop_address(f"B0ZZGONE{at + 1:02d}")},
            "error": text,
            "error_code": code,
        }
        for at, (code, text) in enumerate(ERRORS)
    ]


def warning_rows() -> list[Row]:
    return [
        {
            "timestamp": moment(4100 + at),
            "input": {"url": shop_address(f"B0ZZWARN{at + 1:02d}")},
            "warning": "Invalid input.url",
            "warning_code": "dead_page",
        }
        for at in range(2)
    ]


def build() -> tuple[list[Row], Row]:
    """All rows in the order of the file, and the manifest: counts, answer key, categories of the rows."""
    files = sorted(path for path in (DATA / "parts").glob("*.txt") if path.name != "languages.txt")
    types = [product_type for path in files for product_type in read_types(path)]
    categories = {product_type.category.slug: product_type.category for product_type in types}
    products = list(base_products(types))
    products += foreign_products(categories, len(products))
    shelf = Shelf(products)
    shelf.planted["other_language"] = [str(row["asin"]) for row in shelf.rows if row["language"] != "en-US"]
    plant_dirt(shelf)
    plant_copies(shelf)
    failed = error_rows() + warning_rows()
    slugs = sorted(categories)
    manifest: Row = {
        "rows": len(shelf.rows) + len(failed),
        "data_rows": len(shelf.rows),
        "asins": len({row["asin"] for row in shelf.rows}),
        "error_rows": len(ERRORS),
        "warning_rows": 2,
        "clean": sorted(str(row["asin"]) for row in shelf.untouched),
        "planted_counts": {kind: len(asins) for kind, asins in sorted(shelf.planted.items())},
        "planted": dict(sorted(shelf.planted.items())),
        "categories": {
            slug: {"root": category.root, "words": list(category.words)}
            for slug, category in sorted(categories.items())
        },
        "category_of": {
            **{asin: product.category.slug for asin, product in sorted(shelf.products.items())},
            **{f"B0ZZGONE{at + 1:02d}": slugs[at % len(slugs)] for at in range(len(ERRORS))},
            **{f"B0ZZWARN{at + 1:02d}": slugs[-1 - at] for at in range(2)},
        },
        "keywords_of": {asin: list(product.keywords) for asin, product in sorted(shelf.products.items())},
    }
    return shelf.rows + failed, manifest


def write(folder: Path = DATA) -> Row:
    """Writes both files and gives the manifest."""
    rows, manifest = build()
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    (folder / "amazon_products.ndjson.gz").write_bytes(gzip.compress(lines.encode("utf-8"), 9, mtime=0))
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "MANIFEST.json").write_text(text + "\n", encoding="utf-8")
    return manifest


if __name__ == "__main__":
    write()
