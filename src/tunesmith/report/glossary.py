"""The words of the report: what each metric means, and plain names for codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the report and its one-line definition."""

    label: str
    definition: str
    unit: str = ""
    higher_is_better: bool | None = None


METRICS = {
    "accuracy": Term("Accuracy", "The share of answers that are the right label.", "share", True),
    "macro_f1": Term(
        "Macro F1",
        "The F1 of each label (the harmonic mean of precision and recall), averaged over the "
        "labels so that rare ones count as much as frequent ones: 0 to 1.",
        "share",
        True,
    ),
    "macro_precision": Term(
        "Macro precision",
        "Of the answers that are a label, the share that is right, averaged over the labels.",
        "share",
        True,
    ),
    "macro_recall": Term(
        "Macro recall",
        "Of the questions with a label, the share that gets it, averaged over the labels.",
        "share",
        True,
    ),
    "micro_f1": Term(
        "Micro F1",
        "F1 over all answers together: accuracy, but for answers that are no label.",
        "share",
        True,
    ),
    "micro_precision": Term(
        "Micro precision",
        "The share of right answers among those that are a label at all.",
        "share",
        True,
    ),
    "micro_recall": Term(
        "Micro recall",
        "The share of questions that get the right label; with one label each it is accuracy.",
        "share",
        True,
    ),
    "no_label": Term(
        "No label",
        "The share of answers that are none of the labels, or name several; they count as wrong.",
        "share",
        False,
    ),
    "token_f1": Term(
        "Token F1",
        "How many words an answer shares with the reference answer, counting both what is missing "
        "and what is too much: 0 is none, 1 is all.",
        "share",
        True,
    ),
    "exact_match": Term(
        "Exact match",
        "The share of answers that equal the reference once case, punctuation and articles are "
        "set aside.",
        "share",
        True,
    ),
    "rouge_1": Term(
        "ROUGE-1",
        "How many words an answer shares with the reference, as ROUGE makes words: 0 to 1.",
        "share",
        True,
    ),
    "rouge_2": Term(
        "ROUGE-2",
        "How many pairs of neighbouring words an answer shares with the reference: 0 to 1.",
        "share",
        True,
    ),
    "rouge_l": Term(
        "ROUGE-L",
        "How much of the reference appears in the answer in the same order, by the longest common "
        "sequence of words: 0 to 1.",
        "share",
        True,
    ),
    "bleu": Term(
        "BLEU",
        "How many runs of one to four words the answers share with the references: 0 to 100, over "
        "all answers together.",
        "points",
        True,
    ),
    "chrf": Term(
        "chrF",
        "How many runs of characters the answers share with the references: 0 to 100, kind to "
        "other forms of the same word.",
        "points",
        True,
    ),
    "perplexity": Term(
        "Perplexity",
        "How surprised the model is by the reference answers: 1 would be not at all; lower is "
        "better.",
        "perplexity",
        False,
    ),
    "length_adherence": Term(
        "Right length",
        "The share of answers that are neither much shorter nor much longer than the reference (by "
        "default half to twice its words).",
        "share",
        True,
    ),
    "format_adherence": Term(
        "Right format",
        "The share of answers that look as the recipe asks: a pattern, a JSON schema, phrases that "
        "must or must not be there.",
        "share",
        True,
    ),
    "groundedness": Term(
        "Groundedness",
        "The share of an answer's content words that stand in the question or the reference; the "
        "others were added. Words are compared, not their sense.",
        "share",
        True,
    ),
    "unsupported_facts": Term(
        "Unsupported numbers and links",
        "The share of answers with a number, link or e-mail address that stands neither in the "
        "question nor in the reference nor in the knowledge pages.",
        "share",
        False,
    ),
    "refusal": Term(
        "Refusals",
        "The share of answers in which the model says that it cannot or may not help (English).",
        "share",
        False,
    ),
    "needless_refusal": Term(
        "Needless refusals",
        "The share of answers that refuse a question which the reference answers (English).",
        "share",
        False,
    ),
    "embedding_similarity": Term(
        "Embedding similarity",
        "How alike answer and reference are to a language model as a whole: 1 is the same, 0 no "
        "more than two references to different questions. A wrong detail hardly shows.",
        "similarity",
        True,
    ),
    "bert_score": Term(
        "BERTScore",
        "How well the words of answer and reference match, each with the one most like it to a "
        "language model: 1 is the same, 0 no better than references to different questions.",
        "similarity",
        True,
    ),
    "latency_p50_s": Term(
        "Typical waiting time (p50)",
        "Half of the answers, each asked for alone, were complete within this time.",
        "s",
        False,
    ),
    "latency_p95_s": Term(
        "Longest usual waiting time (p95)",
        "95 of 100 answers, each asked for alone, were complete within this time.",
        "s",
        False,
    ),
    "tokens_in_mean": Term(
        "Prompt length",
        "The mean number of tokens (pieces of words) that the model reads for one answer; it is "
        "paid for with every answer.",
        "tokens",
        False,
    ),
    "tokens_out_mean": Term(
        "Answer length",
        "The mean number of tokens (pieces of words) that the model writes for one answer.",
        "tokens",
        None,
    ),
    "cut_off": Term(
        "Answers cut off",
        "The share of answers that reached the length limit before they were complete.",
        "share",
        False,
    ),
}

METHODS = {
    "base": Term("Base model", "The model as it comes, asked the question and nothing more."),
    "few_shot": Term(
        "Few-shot prompting",
        "The same model, shown a few solved examples with every question; nothing is trained.",
    ),
    "endpoint": Term(
        "Hosted model",
        "A model that a server answers for, shown solved examples; nothing is trained.",
    ),
    "lora": Term(
        "LoRA tuning",
        "Fine-tuning that trains small added matrices and leaves the model itself unchanged.",
    ),
    "prefix_tuning": Term(
        "Prefix tuning", "Fine-tuning that trains vectors put before every layer of the model."
    ),
    "prompt_tuning": Term(
        "Prompt tuning", "Fine-tuning that trains a few virtual words put before the question."
    ),
    "full": Term("Full fine-tuning", "Fine-tuning that changes every weight of the model."),
    "instruction": Term(
        "Instruction tuning", "Full fine-tuning on examples that are written as instructions."
    ),
}

GENERAL = {
    "paired": Term(
        "Paired comparison",
        "Two methods compared answer by answer on the same questions, so that hard questions "
        "count against both.",
    ),
    "p_value": Term(
        "p-value",
        "How often a difference this large would appear by chance if the methods were equal.",
    ),
    "break_even": Term(
        "Break-even",
        "The number of answers after which the cheaper answers have paid for the training.",
    ),
    "loss": Term(
        "Loss",
        "How far the model is from giving the right next token, in nats a token; the validation "
        "loss is measured on rows it does not train on.",
    ),
}

DATA = {
    "test_rows": Term(
        "Test rows",
        "Rows set aside before training, with no near duplicate, thread or customer shared with "
        "the training rows.",
    ),
    "merged": Term(
        "Merged", "A duplicate: the row it matches stays, and the record names the two."
    ),
    "dropped": Term("Dropped", "A readable row that a rule of the recipe refused."),
    "quarantined": Term(
        "Quarantined", "A row that could not be read, put aside with file, line and reason."
    ),
    "similarity": Term(
        "Similarity",
        "The share of word sequences that two texts have in common (Jaccard): 1 is the same text.",
    ),
    "fingerprint": Term(
        "Fingerprint",
        "A short code computed from the content: the same content always has the same code.",
    ),
}

PERSONAL_DATA = {
    "EMAIL": "E-mail addresses",
    "PHONE": "Phone numbers",
    "CARD": "Payment cards",
    "CREDIT_CARD": "Payment cards",
    "IBAN": "Bank accounts (IBAN)",
    "SSN": "Social security numbers (US)",
    "US_SSN": "Social security numbers (US)",
    "IP": "IP addresses",
    "IP_ADDRESS": "IP addresses",
    "URL": "Links with credentials",
    "URL_CREDENTIALS": "Links with credentials",
    "NAME": "Names of people",
    "PERSON": "Names of people",
    "ADDRESS": "Postal addresses",
}

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "ms": "Malay", "nb": "Norwegian",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish",
    "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

STAGES = {
    "collect": "Collect",
    "clean": "Clean",
    "dedup": "Remove duplicates",
    "check": "Check",
    "split": "Split",
    "assess": "Assess",
    "review": "Review",
    "augment": "Augment",
    "balance": "Balance",
    "dataset": "Store the dataset",
    "tune": "Train",
    "evaluate": "Evaluate",
    "decide": "Decide",
    "report": "Report",
}


def interval(confidence: str) -> Term:
    """The definition of an interval with this confidence, such as 95%."""
    return Term(
        f"{confidence} interval",
        f"The range that would hold the true value in about {confidence} of repetitions with other "
        "test rows of the same kind.",
    )


def plain(code: str) -> str:
    """A code as words: `near_duplicates` becomes `Near duplicates`."""
    words = code.replace("_", " ").replace("-", " ").strip()
    if words.isupper():
        words = words.lower()
    return words[:1].upper() + words[1:]


def metric(name: str) -> Term:
    """The definition of a metric; one that is not in the glossary is named by its code."""
    return METRICS.get(name) or Term(plain(name), "")


def language(code: str) -> str:
    """The English name of a language, with its code."""
    return f"{LANGUAGES[code]} ({code})" if code in LANGUAGES else code
