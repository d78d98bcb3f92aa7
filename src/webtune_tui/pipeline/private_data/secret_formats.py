"""What keys and tokens look like, from what their vendors publish about them.

Each entry is the beginning that no other word has, and the signs that follow. None has a quantifier within another.
"""

from __future__ import annotations

import re
from functools import cache

_FORMATS: tuple[tuple[str, str], ...] = (
    ("Amazon Web Services", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    ("Amazon Bedrock", r"ABSK[A-Za-z0-9+/]{40,200}={0,2}"),
    ("Alibaba", r"LTAI[A-Za-z0-9]{16,26}"),
    ("Tencent", r"AKID[A-Za-z0-9]{32}"),
    ("Google", r"AIza[A-Za-z0-9_\-]{35}|GOCSPX-[A-Za-z0-9_\-]{28}|ya29\.[A-Za-z0-9_\-]{20,400}|GOOG[A-Z0-9]{20,57}"),
    ("Azure", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34}"),
    ("GitHub", r"gh[oprsu]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"),
    ("GitLab", r"gl(?:pat|dt|rt|ptt|cbt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_\-]{20,300}"
     r"(?:\.[0-9a-z]{2}\.[a-z0-9]{9})?"
     r"|GR1348941[A-Za-z0-9_\-]{20}"),
    ("Slack", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9\-]{10,250}|xapp-[0-9]-[A-Za-z0-9\-]{10,250}"),
    ("Stripe", r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,247}|whsec_[A-Za-z0-9+/=]{24,64}"),
    ("OpenAI", r"sk-(?:proj|svcacct|service|admin|None)-[A-Za-z0-9_\-]{20,250}"
     r"|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
    ("Anthropic", r"sk-ant-[a-z0-9]{3,8}-[A-Za-z0-9_\-]{20,250}"),
    ("OpenRouter, Langfuse and their kind", r"(?:sk|pk)-(?:or-v1|lf)-[A-Za-z0-9\-]{20,80}"),
    ("keys after the same pattern", r"sk-(?=[A-Za-z_\-]{0,60}[0-9])[A-Za-z0-9]{32,64}"),
    ("Groq, xAI, Perplexity, Replicate", r"gsk_[A-Za-z0-9]{40,64}|xai-[A-Za-z0-9]{60,100}|pplx-[A-Za-z0-9]{32,64}"
     r"|r8_[A-Za-z0-9]{37,40}"),
    ("Hugging Face", r"hf_[A-Za-z0-9]{30,50}|api_org_[A-Za-z0-9]{30,50}"),
    ("npm, PyPI, RubyGems, NuGet, Clojars, crates.io",
     r"npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_\-]{50,1000}|rubygems_[a-f0-9]{48}|oy2[a-z0-9]{43}|CLOJARS_[A-Za-z0-9]{60}"
     r"|cio[A-Za-z0-9]{32}"),
    ("SendGrid, Brevo, Mailgun, Mailchimp",
     r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}|xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}|key-[a-f0-9]{32}|pubkey-[a-f0-9]{32}"
     r"|[a-f0-9]{32}-us[0-9]{1,2}"),
    ("Twilio", r"(?:SK|AC)[a-f0-9]{32}"),
    ("Telegram", r"(?:bot)?[0-9]{8,10}:[A-Za-z0-9_\-]{35}"),
    ("Discord", r"[MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,38}"),
    ("Heroku", r"HRKU-[A-Za-z0-9_\-]{30,64}"),
    ("DigitalOcean", r"do[opr]_v1_[a-f0-9]{64}"),
    ("Shopify", r"shp(?:at|ca|pa|ss|ua|tka)_[A-Fa-f0-9]{32}"),
    ("Square", r"sq0[a-z]{3}-[A-Za-z0-9_\-]{22,43}|EAAA[A-Za-z0-9_\-+=]{60}"),
    ("PayPal and Braintree", r"access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}"),
    ("Facebook", r"EAA(?:[A-Z]{2})?[A-Za-z0-9]{80,250}"),
    ("Dropbox", r"sl\.(?:u\.)?[A-Za-z0-9_\-]{60,1400}"),
    ("Databricks", r"dapi[a-f0-9]{32}(?:-[0-9])?"),
    ("Cloudflare", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}|cf(?:ut|at|k)_[A-Za-z0-9_\-]{40,60}"),
    ("Atlassian", r"AT(?:ATT3|CTT3|BB)[A-Za-z0-9_\-=]{28,250}"),
    ("Notion, Linear, Figma, Airtable, Postman, Asana",
     r"ntn_[A-Za-z0-9]{43,50}|secret_[A-Za-z0-9]{43}|lin_(?:api|oauth)_[A-Za-z0-9]{32,64}|fig[dour]{1,2}_[A-Za-z0-9_\-]{40,60}"
     r"|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    ("Grafana", r"gl(?:c|sa)_[A-Za-z0-9+/=_]{32,400}"),
    ("HashiCorp", r"hv[sbr]\.[A-Za-z0-9_\-]{20,300}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-]{60,70}"),
    ("Doppler, Pulumi, Prefect, PlanetScale, Supabase, Fly, Sentry, New Relic",
     r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._\-]{40,80}|pul-[a-f0-9]{40}|pn[ub]_[A-Za-z0-9]{36}"
     r"|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=\-]{32,64}|sb(?:p|_secret)_[A-Za-z0-9_\-]{30,60}|fo1_[A-Za-z0-9_\-]{43}"
     r"|fm[12][ar]?_[A-Za-z0-9+/]{100,800}={0,3}|sntry[su]_[A-Za-z0-9+/_=\-]{40,250}|NRAK-[A-Z0-9]{27}|NR(?:JS|II)-[A-Za-z0-9\-]{19,32}"),
    ("Docker, Netlify, Vercel, Render", r"dckr_(?:pat|oat)_[A-Za-z0-9_\-]{27,40}|nfp_[A-Za-z0-9]{36,40}"
     r"|vc[kpa]_[A-Za-z0-9]{24,60}"
     r"|rnd_[A-Za-z0-9]{28,40}"),
    ("Mapbox", r"[sp]k\.eyJ[A-Za-z0-9_\-]{20,200}\.[A-Za-z0-9_\-]{20,40}"),
    ("EasyPost, Shippo, Duffel, Flutterwave, Frame.io, Typeform, ReadMe",
     r"EZ[AT]K[A-Za-z0-9]{54}|shippo_(?:live|test)_[a-f0-9]{40}|duffel_(?:live|test)_[A-Za-z0-9_\-=]{43}"
     r"|FLW(?:PUB|SEC)K(?:_TEST)?-[A-Za-z0-9]{12,32}(?:-X)?|fio-u-[A-Za-z0-9_\-=]{64}|tfp_[A-Za-z0-9_.=\-]{44,64}|rdme_[a-z0-9]{70}"),
    ("HubSpot, Contentful, Dynatrace, Adobe, Algolia, Intercom",
     r"pat-(?:na|eu)[0-9]-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}|CFPAT-[A-Za-z0-9_\-]{43}"
     r"|dt0[a-zA-Z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}|p8e-[A-Za-z0-9]{32}|(?:sdk|mob|api)-[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[a-f0-9]{4}-[a-f0-9]{12}"),
    ("1Password, age, Infracost, Artifactory, Scalingo",
     r"ops_eyJ[A-Za-z0-9+/=]{100,1000}|AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}|ico-[A-Za-z0-9]{32}"
     r"|AKCp[A-Za-z0-9]{50,80}|tk-us-[A-Za-z0-9_\-]{48}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"),
    ("JSON Web Tokens", r"eyJ[A-Za-z0-9_\-]{8,4000}\.eyJ[A-Za-z0-9_\-]{8,8000}(?:\.[A-Za-z0-9_\-]{10,2000})?"
     r"|eyJ[A-Za-z0-9_\-]{16,4000}\.[A-Za-z0-9_\-]{0,2000}\.[A-Za-z0-9_\-]{8,200}\.[A-Za-z0-9_\-]{8,8000}\.[A-Za-z0-9_\-]{10,200}"),
)  # fmt: skip


@cache
def known_formats() -> re.Pattern[str]:
    """All formats as one pattern, made when the first long word turns up."""
    inner = "|".join(form for _, form in _FORMATS)
    return re.compile(rf"(?<![A-Za-z0-9_])(?<![A-Za-z0-9]-)(?:{inner})(?![A-Za-z0-9])")
