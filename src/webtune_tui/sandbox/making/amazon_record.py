"""The record of a product, with the fields that the Amazon products scraper delivers."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from webtune_tui.sandbox.making.addresses import identifier, moment, shop_address
from webtune_tui.sandbox.making.products import Product
from webtune_tui.sandbox.making.wording import opened, spoken

Row = dict[str, object]

IMAGES = "https://m.media-amazon.com/images/I/"
ALWAYS_SENT = ("final_price", "initial_price", "rating")

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


def record_asin(product: Product) -> str:
    """The id of a product in the shop."""
    return identifier(product.number, "B0ZZ")


def record_of(product: Product) -> Row:
    """The record of a product, with the fields that the Amazon products scraper delivers; some omit what is null."""
    chance = random.Random(f"record {product.number}")
    pictures = [f"{IMAGES}EXAMPLE{product.number:04d}{at}._AC_SL1500_.jpg" for at in range(1, chance.randint(2, 4))]
    video = chance.random() < 0.3
    started = datetime(2019, 1, 1, tzinfo=UTC) + timedelta(days=chance.randint(0, 2700))
    record: Row = {
        "title": product.title,
        "seller_name": f"{product.brand} Direct",
        "brand": product.brand,
        "description": product.description,
        **prices_of(product, chance),
        **opinions_of(product, chance),
        **listing_of(product, pictures, chance, has_video=video, started=started),
        **ranks_of(product, chance),
        **shop_fields_of(product, pictures, chance),
    }
    if chance.random() < 0.6:
        return {name: value for name, value in record.items() if value is not None or name in ALWAYS_SENT}
    return record


def prices_of(product: Product, chance: random.Random) -> Row:
    """What it costs, what it cost, and whether it can be bought."""
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


def opinions_of(product: Product, chance: random.Random) -> Row:
    """Its rating and what buyers say."""
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


def seller_of(product: Product) -> str:
    """The id of who sells it."""
    return f"A0EXAMPLE{product.category.slug.replace('-', '').upper()[:6]}{product.number % 4}"


def shop_name_of(product: Product) -> str:
    """The brand as one word, as addresses and model numbers have it."""
    return product.brand.replace("&", "and").replace(" ", "")


def listing_of(
    product: Product, pictures: list[str], chance: random.Random, *, has_video: bool, started: datetime
) -> Row:
    """Where the product stands in the shop, what it is, and how it is delivered."""
    asin, shop = record_asin(product), shop_name_of(product)
    return {
        "categories": [product.category.department, *product.shelves],
        "parent_asin": identifier(product.number, "B0ZY"),
        "asin": asin,
        "buybox_seller": f"{product.brand} Direct",
        "number_of_sellers": chance.randint(1, 4),
        "ISBN10": None,
        "domain": "https://www.amazon.com/",
        "images_count": len(pictures),
        "url": f"{shop_address(asin)}?th=1&psc=1&language=en_US&currency=USD",
        "video_count": int(has_video),
        "image_url": pictures[0],
        "item_weight": product.weight,
        "product_dimensions": product.dimensions,
        "seller_id": seller_of(product),
        "image": pictures[0],
        "date_first_available": f"{started:%B} {started.day}, {started.year}",
        "model_number": f"{shop[:3].upper()}-{chance.randint(100, 999)}",
        "manufacturer": product.brand,
        "department": product.category.department,
        "plus_content": chance.random() < 0.4,
        "upc": f"0000{product.number:08d}",
        "video": has_video,
        "variations": [],
        "features": product.features,
        "delivery": [
            f"FREE delivery {chance.choice(('Tuesday', 'Friday', 'Saturday'))}, November {24 + chance.randint(0, 5)}"
        ],
        "format": None,
        "input_asin": None,
        "ingredients": None,
        "origin_url": None,
    }


def ranks_of(product: Product, chance: random.Random) -> Row:
    """How well it sells, and its badge."""
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


def shop_fields_of(product: Product, pictures: list[str], chance: random.Random) -> Row:
    """Pictures, details, and what the shop and the scraper say of themselves."""
    asin, shop = record_asin(product), shop_name_of(product)
    details = [{"type": name, "value": value} for name, value in product.details]
    return {
        "images": pictures,
        "product_details": [*details, {"type": "ASIN", "value": asin}],
        "country_of_origin": chance.choice((None, "Portugal", "Canada", "Poland", "Japan", "USA")),
        "from_the_brand": None,
        "product_description": None,
        "seller_url": f"https://www.amazon.com/sp?ie=UTF8&seller={seller_of(product)}&asin={asin}",
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
