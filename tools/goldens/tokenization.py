"""Golden files of SwiftletText: small tokenizers, what `tokenizers` and `sentencepiece` make of hard cases and of the texts
in ../shared/data/language, and what Jinja makes of chat templates.

    pip install tokenizers transformers sentencepiece jinja2 gguf
    python tools/goldens/tokenization.py [FOLDER_WITH_SMOLLM2_GGUF]

writes Tests/SwiftletTextTests/Goldens/. The small tokenizers are trained on the start of tiny Shakespeare (public domain)
and on the hard cases. Made with tokenizers 0.23.3, transformers 5.24, sentencepiece 0.2.3, jinja2 3.1.

    python tools/goldens/tokenization.py --check FOLDER

instead reads FOLDER/NAME.json, which SwiftletText wrote of each tokenizer, with `tokenizers`, and compares the ids of all
hard cases.
"""

import json
import pathlib
import struct
import sys
import tempfile
import zipfile

import jinja2
import jinja2.sandbox
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.convert_slow_tokenizer import generate_merges

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "Tests/SwiftletTextTests/Goldens"
DATA = ROOT.parent / "shared/data/language"

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + REST
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + REST

HARD_CASES = {
    "empty": "",
    "space": " ",
    "spaces": "    ",
    "word": "Hello",
    "space and word": " Hello",
    "two spaces and word": "  Hello",
    "word and space": "Hello ",
    "words": "Hello world, this is the end of it.",
    "gaps": "a  b   c    d\u00a0e \u00a0f",
    "lines": "one\ntwo\n\nthree\r\nfour\n \n five \n\t\n\n  six\n",
    "tabs": "\tx\t\ty \tz\t",
    "line ends alone": "\n\n\n",
    "spaces and line ends": " \n \n  ",
    "contractions": "I'm you're IT'S we'Ve they'LL 'tis don't' o'clock''s x'd 'D",
    "long s": "it'\u017f O'\u017fullivan '\u017ft \u212a's",
    "numbers": "1234567 3.14 x12y345 \u00b2\u00b3 \u00bd \u2167 \u0663\u0664\u0665 1 22 333 4444 -5",
    "digits and spaces": "1 2  3   4\n5 \n 6",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44d\U0001f3fd\U0001f1e9\U0001f1ea \u2764\ufe0f!",
    "combining marks": "e\u0301 n\u0303o \u00c5 A\u030a \u0301x q\u0323\u0307 q\u0307\u0323 \u1e9b\u0323 \u212b \u0958 \u0344",
    "composed and not": "caf\u00e9 cafe\u0301",
    "hangul": "\ud55c\uae00 \u1112\u1161\u11ab\u1100\u1173\u11af \uac00\u11a8",
    "chinese": "\u4f60\u597d\uff0c\u4e16\u754c\uff01 \u6f22\u5b57",
    "japanese": "\u3053\u3093\u306b\u3061\u306f\u4e16\u754c\u3002\u30c6\u30b9\u30c8",
    "hebrew and arabic": "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u0645\u0631\u062d\u0628\u0627 \u200fabc\u202edef\u202c",
    "hindi and thai": "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "control characters": "\x00\x01\x02 a\x1b[0m\x7f\x85\xa0\u2028\u2029\u3000x\x0b\x0c\x1c\x1f",
    "rare planes": "\ue000 \U000e0001 \U0010ffff \u0378 \U00020000\U0001d400 \ufeffx\ufffd",
    "mathematics": "\u2200x\u2208\u211d: \u2308x\u2309 = \u2212\u230a\u2212x\u230b \u00b1 \u00d7",
    "beginning and letter": "<s>G",
    "beginning, space, letter": "<s> G",
    "end within": "a</s> b",
    "ends": "</s></s>",
    "beginnings": "<s><s>x",
    "unknown": "the <unk> and<unk>",
    "end of text": "a<|endoftext|>b",
    "roles": "<|im_start|>user\nhi there<|im_end|>\n",
    "headers": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>",
    "half a token": "<|im_start| <|endoftext <s <",
    "byte tokens as text": "<0x0A> <0x41>a",
    "marks as text": "\u2581 \u2581\u2581a \u2581b a\u2581b",
    "byte alphabet as text": "\u0120 \u010a\u0120x \u0100",
    "strips": "a  <left>  b  <right>  c  <both>  d<word>e <word> f_<word>",
    "strips at the ends": "  <left><right>  <both>  ",
    "code": "for (int i = 0; i < 10; ++i) {\n\treturn x != y && z[i]->w;\n}\n\n// https://example.org/a?b=c#d\n",
    "long word": "a" * 3000,
    "long pairs": "ab" * 2000,
    "long mixture": "thatthisthe" * 700,
    "long spaces": " " * 2500 + "x",
    "long line": "the quick brown fox jumps over the lazy dog " * 300,
    "long lines": "\n" * 1500 + "x",
    "long signs": "!?" * 1500,
    "long kana": "\u3042\u3044" * 800,
    "long digits": "12345678901" * 100,
}
# What is no UTF-8, in hexadecimal.
BROKEN = ["ff", "c3", "e282", "eda080", "f4908080", "616263ff646566", "61c3206220e28220", "c080", "f09f91", "20ff20fe0a", "e2ff82ac"]


def fingerprint(ids):
    """FNV-1a on words of 64 bits, as SwiftletFiles computes it."""
    state = 0xCBF29CE484222325
    for word in ids:
        state = ((state ^ word) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{state:x}"


def corpus():
    text = (DATA / "tinyshakespeare.txt").read_text()[:150_000]
    return text.split("\n\n") + [case for case in HARD_CASES.values() if len(case) < 1000] * 3


def byte_level(size, pre_tokenizer, specials, beginning=None, normalizer=None, whole_words=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=whole_words))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=specials, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(corpus(), trainer)
    bytes_alone = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    if beginning:
        template = processors.TemplateProcessing(
            single=f"{beginning} $A", pair=f"{beginning} $A {beginning}:1 $B:1",
            special_tokens=[(beginning, tokenizer.token_to_id(beginning))])
        tokenizer.post_processor = processors.Sequence([bytes_alone, template])
    else:
        tokenizer.post_processor = bytes_alone
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=True)
    return tokenizer


def bytes_of(pattern=None):
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=pattern is None)
    if pattern is None:
        return level
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level])


def sentence_pieces():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "text").write_text("\n".join(line for text in corpus() for line in text.split("\n") if "\0" not in line))
        sentencepiece.SentencePieceTrainer.train(
            input=str(path / "text"), model_prefix=str(path / "small"), vocab_size=900, model_type="bpe",
            byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
            character_coverage=0.995, split_digits=True, minloglevel=2, num_threads=1)
        return (path / "small.model").read_bytes()


def pieces_of(model):
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model)
    return [(piece.piece, piece.score, piece.type) for piece in proto.pieces]


def pieces(entries, normalizer=None, pre_tokenizer=None, strips=True):
    """A SentencePiece vocabulary in `tokenizers`, as transformers converts Llama's."""
    vocabulary = {text: index for index, (text, _, _) in enumerate(entries)}
    normal = {text: score for text, score, kind in entries if kind == 1}
    merges = generate_merges({text: vocabulary[text] for text in normal}, normal)
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in ("<unk>", "<s>", "</s>")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()] + [decoders.Strip(" ", 1, 0)] * strips)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", vocabulary["<s>"])])
    return tokenizer


LEGACY = lambda: normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])


def tokens_of_llama2c():
    data = (DATA / "tok512.bin").read_bytes()
    position, entries = 4, []
    for index in range(512):
        score, length = struct.unpack("<fi", data[position:position + 8])
        text = data[position + 8:position + 8 + length].decode()
        position += 8 + length
        kind = 2 if index == 0 else 3 if index < 3 else 6 if index < 259 else 1
        entries.append((text.strip("\n") if index < 3 else text.replace(" ", "▁"), score, kind))
    return entries


def gpt2():
    tokenizer = Tokenizer(models.BPE.from_file(str(DATA / "gpt2_vocab.json"), str(DATA / "gpt2_merges.txt")))
    tokenizer.pre_tokenizer = bytes_of()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", normalized=True, special=True)])
    return tokenizer


def smollm2(folder):
    import gguf

    fields = gguf.GGUFReader(next(pathlib.Path(folder).rglob("*.gguf"))).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE({text: index for index, text in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), bytes_of()])
    tokenizer.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    tokenizer.add_special_tokens(
        [AddedToken(text, normalized=False, special=True) for text, kind in zip(tokens, kinds) if kind == 3])
    return tokenizer


def texts():
    """The texts by name; an archive is its files in the order of their names."""
    for name in ("tinyshakespeare.txt", "tinystories_2MiB.txt", "wikitext2.test.tokens", "wikitext2.valid.tokens"):
        yield name, [(DATA / name).read_bytes().decode(errors="replace")]
    for name in ("nltk_inaugural.zip", "nltk_state_union.zip"):
        archive = zipfile.ZipFile(DATA / name)
        members = sorted(member for member in archive.namelist() if member.endswith(".txt"))
        yield name, [archive.read(member).decode(errors="replace") for member in members]


def small():
    result = {
        "gpt2-small": byte_level(700, bytes_of(), ["<|endoftext|>"]),
        "smollm-small": byte_level(
            700, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), bytes_of()]),
            ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        "llama3-small": byte_level(
            800, bytes_of(LLAMA3),
            ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
            beginning="<|begin_of_text|>", whole_words=True),
        "qwen2-small": byte_level(
            800, bytes_of(QWEN2), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], normalizer=normalizers.NFC()),
    }
    added = Tokenizer.from_str(result["gpt2-small"].to_str())
    added.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, trim_offsets=False, use_regex=True)
    added.add_special_tokens(
        [AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
         AddedToken("<both>", lstrip=True, rstrip=True, normalized=False)])
    added.add_tokens(
        [AddedToken("<word>", single_word=True, normalized=False), AddedToken("the quick", normalized=True),
         AddedToken("the quick brown", normalized=True), AddedToken("\u4e16\u754c", normalized=False)])
    result["added-small"] = added
    model = sentence_pieces()
    entries = pieces_of(model)
    legacy = pieces(entries, normalizer=LEGACY())
    legacy.add_tokens([AddedToken("quick", normalized=True), AddedToken("fox", normalized=False)])
    result["legacy-small"] = legacy
    result["first-small"] = pieces(
        entries, pre_tokenizer=pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False))
    always = pieces(
        entries, pre_tokenizer=pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True))
    always.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    always.model.byte_fallback = False
    result["always-small"] = always
    return result, model


def real(folder):
    llama2 = (DATA / "llama2.tokenizer.model").read_bytes()
    result = {
        "gpt2": gpt2(),
        "llama2": pieces(pieces_of(llama2), normalizer=LEGACY()),
        "tok512": pieces(tokens_of_llama2c(), normalizer=LEGACY()),
    }
    if folder:
        result["smollm2"] = smollm2(folder)
    return result, llama2


class Pieces:
    """`sentencepiece` with the interface used here."""

    def __init__(self, model):
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=model)

    def ids(self, text):
        return self.processor.encode(text)


def compact(ids):
    return ids if len(ids) <= 200 else {"count": len(ids), "fingerprint": fingerprint(ids)}


TEMPLATES = {
    "smollm2": (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
        "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
        "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"),
    "chatml": (
        "{%- for message in messages %}\n    {{- '<|im_start|>' ~ message.role ~ '\\n' }}\n"
        "    {{- message.content | trim ~ '<|im_end|>\\n' }}\n{%- endfor %}\n"
        "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n"),
    "llama2": (
        "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
        "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
        "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
        "{% if loop.index0 == 0 and system_message != false %}"
        "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
        "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
        "{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"),
    "llama3": (
        "{% set loop_messages = messages %}{% for message in loop_messages %}"
        "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim"
        " + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"),
    "llama3 with dates": (
        "{{- bos_token }}\n{%- if not date_string is defined %}\n    {%- set date_string = \"26 Jul 2024\" %}\n{%- endif %}\n"
        "{%- if not tools is defined %}\n    {%- set tools = none %}\n{%- endif %}\n\n"
        "{#- The system message, if there is one. #}\n{%- if messages[0]['role'] == 'system' %}\n"
        "    {%- set system_message = messages[0]['content']|trim %}\n    {%- set messages = messages[1:] %}\n{%- else %}\n"
        "    {%- set system_message = \"\" %}\n{%- endif %}\n\n"
        "{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}\n{%- if tools is not none %}\n"
        "    {{- \"Environment: ipython\\n\" }}\n{%- endif %}\n{{- \"Today Date: \" + date_string + \"\\n\\n\" }}\n"
        "{{- system_message }}\n{{- \"<|eot_id|>\" }}\n{%- for message in messages %}\n"
        "    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}\n"
        "        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}\n"
        "    {%- elif 'tool_calls' in message %}\n        {%- if not message.tool_calls|length == 1 %}\n"
        "            {{- raise_exception(\"one call at a time\") }}\n        {%- endif %}\n"
        "        {%- set tool_call = message.tool_calls[0].function %}\n"
        "        {%- for arg_name, arg_val in tool_call.arguments | items %}\n"
        "            {{- arg_name + '=\"' + arg_val + '\"' }}\n            {%- if not loop.last %}\n"
        "                {{- \", \" }}\n            {%- endif %}\n        {%- endfor %}\n"
        "    {%- elif message.role == \"tool\" or message.role == \"ipython\" %}\n"
        "        {%- if message.content is mapping or message.content is iterable %}\n"
        "            {{- message.content | tojson }}\n        {%- else %}\n            {{- message.content }}\n"
        "        {%- endif %}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n"
        "    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n{%- endif %}\n"),
    "mistral": (
        "{%- if messages[0][\"role\"] == \"system\" %}\n    {%- set system_message = messages[0][\"content\"] %}\n"
        "    {%- set loop_messages = messages[1:] %}\n{%- else %}\n    {%- set loop_messages = messages %}\n{%- endif %}\n\n"
        "{{- bos_token }}\n{%- for message in loop_messages %}\n"
        "    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\n"
        "        {{- raise_exception('After the optional system message, roles must alternate') }}\n    {%- endif %}\n"
        "    {%- if message[\"role\"] == \"user\" %}\n        {%- if loop.first and system_message is defined %}\n"
        "            {{- \" [INST] \" + system_message + \"\\n\\n\" + message[\"content\"] + \" [/INST]\" }}\n        {%- else %}\n"
        "            {{- \" [INST] \" + message[\"content\"] + \" [/INST]\" }}\n        {%- endif %}\n"
        "    {%- elif message[\"role\"] == \"assistant\" %}\n        {{- \" \" + message[\"content\"] + eos_token}}\n"
        "    {%- else %}\n        {{- raise_exception(\"Only user and assistant roles are supported\") }}\n    {%- endif %}\n"
        "{%- endfor %}\n"),
    "qwen2": (
        "{%- if tools %}\n    {{- '<|im_start|>system\\n' }}\n    {%- if messages[0]['role'] == 'system' %}\n"
        "        {{- messages[0]['content'] }}\n    {%- else %}\n        {{- 'You are a helpful assistant.' }}\n    {%- endif %}\n"
        "    {%- for tool in tools %}\n        {{- \"\\n\" }}\n        {{- tool | tojson }}\n    {%- endfor %}\n"
        "    {{- \"<|im_end|>\\n\" }}\n{%- else %}\n    {%- if messages[0]['role'] == 'system' %}\n"
        "        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}\n    {%- else %}\n"
        "        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}\n    {%- endif %}\n{%- endif %}\n"
        "{%- for message in messages %}\n"
        "    {%- if (message.role == \"user\") or (message.role == \"system\" and not loop.first) or (message.role == \"assistant\" and not message.tool_calls) %}\n"
        "        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
        "    {%- elif message.role == \"tool\" %}\n"
        "        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != \"tool\") %}\n"
        "            {{- '<|im_start|>user' }}\n        {%- endif %}\n"
        "        {{- '\\n<tool_response>\\n' }}\n        {{- message.content }}\n        {{- '\\n</tool_response>' }}\n"
        "        {%- if loop.last or (messages[loop.index0 + 1].role != \"tool\") %}\n            {{- '<|im_end|>\\n' }}\n"
        "        {%- endif %}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n"
        "    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n"),
}
CONVERSATIONS = [
    [("user", "Name three primary colours.")],
    [("system", "Be brief."), ("user", " What is 1 + 1? "), ("assistant", "2"), ("user", "And 2 + 2?\n")],
    [("user", "a"), ("assistant", "b"), ("user", "c <|im_end|> é 你")],
    [("user", "call it"), ("tool", "one"), ("tool", "two"), ("assistant", "done")],
    [("assistant", "x"), ("assistant", "y")],
]
# Parts of Jinja, each with what it prints.
SNIPPETS = [
    "{{ 1 + 2 * 3 - 4 // 3 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 * (3 + 4) }}",
    "{{ 'a' ~ 1 ~ none ~ true }} {{ 'a' 'b' }} {{ \"it's\" }} {{ 'tab\\there\\\\' }}",
    "{{ [1, 'two', none, [true], {'k': 'v'}] }} {{ {'a': 1, \"b\": [2]} }} {{ [] }} {{ {} }} {{ [\"it's\", 'a\\nb'] }}",
    "{{ 1 if true else 2 }}{{ 1 if false }}{{ 'x' if missing is defined else 'y' }}",
    "{% if missing %}a{% elif not missing and missing is not defined %}b{% else %}c{% endif %}",
    "{{ true and 'x' }} {{ '' or 'y' }} {{ not '' }} {{ not not 1 }} {{ 0 or none }}",
    "{{ 1 == 1 }} {{ 'a' != 'b' }} {{ 1 < 2 and 2 >= 2 and 3 <= 4 and 4 > 3 }} {{ 'a' < 'b' }} {{ 1 == true }}",
    "{{ 'b' in 'abc' }} {{ 'x' not in ['y', 'x'] }} {{ 'k' in {'k': 1} }} {{ 2 in [1, 2] }}",
    "{% for x in [1, 2, 3] %}{{ loop.index }}/{{ loop.length }}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for x in [1, 2, 3, 4] if x % 2 == 0 %}{{ loop.index0 }}:{{ x }} {{ loop.revindex }} {% else %}none{% endfor %}",
    "{% for x in [] %}a{% else %}empty{% endfor %}{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %} {% for c in 'xyz' %}{{ c }}.{% endfor %}",
    "{% for x in [1, 2, 3] %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% set a = 1 %}{% for x in [1, 2] %}{% set a = a + x %}{{ a }} {% endfor %}{{ a }}",
    "{% set ns = namespace(total=0, found=false) %}{% for x in [1, 2, 3] %}{% set ns.total = ns.total + x %}{% endfor %}{{ ns.total }}{{ ns.found }}",
    "{% set text %}a{{ 1 }}b{% endset %}[{{ text }}]{% if true %}{% set text = 'c' %}{% endif %}{{ text }}",
    "{{ [1, 2, 3, 4][1:3] }} {{ [1, 2, 3][-1] }} {{ [1, 2, 3][::-1] }} {{ 'hello'[1:-1] }} {{ [1, 2][5:] }} {{ 'abc'[::-1] }} {{ 'abc'[0] }}",
    "{{ '  x  ' | trim }}|{{ '  x  '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|",
    "{{ 'abc' | length }} {{ [1, 2] | count }} {{ 'aBc' | upper }} {{ 'aBc'.lower() }} {{ [3, 1] | first }} {{ [3, 1] | last }}",
    "{{ ['a', 'b'] | join(', ') }} {{ ['a', 1] | join }} {{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a-b' | replace('-', '+') }}",
    "{{ missing | default('d') }} {{ '' | default('e', true) }} {{ none | default('f') }} {{ 'x' | default('g') }}",
    "{{ {'a': [1, 'é\"', none, true], 'b': {}} | tojson }} {{ [] | tojson }}\n{{ {'a': [1, {'b': 2}]} | tojson(indent=4) }}",
    "{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('bc') }} {{ {'a': 1}.get('a') }} {{ {'a': 1}.get('b', 'z') }} {{ {'a': 1}.get('b') }}",
    "{{ none is none }} {{ 'x' is string }} {{ {} is mapping }} {{ [] is iterable }} {{ 1 is number }} {{ true is boolean }} {{ 3 is odd }} {{ [1] is sequence }} {{ 1 is not string }}",
    "{{ range(3) | list }} {{ range(1, 8, 3) | list }} {{ range(2, 0, -1) | list }} {{ [1, 2, 3] | reverse | list }}",
    "a\n  {% if true %}\n    b\n  {% endif %}\nc\n",
    "a\n  {%- if true -%}\n    b\n  {%- endif %}\nc",
    "  {% set x = 1 %}  \n  {{ x }}  \n  {# note #}\n  d {# note -#}  e\n{#- note -#}\n f",
    "a {% if true %} b {% endif %} c\n\n{% if true %}\n\nd{% endif %}",
    "{{- ' x ' -}}  y  {{- 'z' }}\r\nw\r\n",
    "{%+ if true %}a{% endif %}\n  {%+ if true %}b{% endif %}",
    "{{ messages[0].role }}{{ messages[0]['content'] }}{{ messages | length }}{{ messages[-1].content }}{{ messages[9] }}",
]


def jinja():
    def refuse(message):
        raise jinja2.exceptions.TemplateError(message)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)
    environment.globals["raise_exception"] = refuse

    def render(template, messages, prompts):
        try:
            return {"text": environment.from_string(template).render(
                messages=[{"role": role, "content": content} for role, content in messages], tools=None, documents=None,
                add_generation_prompt=prompts, bos_token="<s>", eos_token="</s>", pad_token="", unk_token="<unk>")}
        except jinja2.exceptions.TemplateError as error:
            return {"refusal": str(error)}

    cases = [
        {"name": f"{name}, conversation {index}{', prompted' if prompts else ''}", "template": template,
         "messages": [{"role": role, "content": content} for role, content in messages], "prompts": prompts,
         **render(template, messages, prompts)}
        for name, template in TEMPLATES.items() for index, messages in enumerate(CONVERSATIONS)
        for prompts in (False, True)
    ]
    messages = CONVERSATIONS[1]
    cases += [
        {"name": f"snippet {index}", "template": snippet,
         "messages": [{"role": role, "content": content} for role, content in messages], "prompts": True,
         **render(snippet, messages, True)}
        for index, snippet in enumerate(SNIPPETS)
    ]
    return cases


def write(name, value):
    (FOLDER / name).write_text(json.dumps(value, ensure_ascii=True, indent=None, separators=(",", ":")) + "\n")


def expected(tokenizers, sentences):
    result = {}
    for name, tokenizer in tokenizers.items():
        result[name] = {}
        for case, text in HARD_CASES.items():
            ids = tokenizer.encode(text).ids
            tokenizer.encode_special_tokens = True
            plain = tokenizer.encode(text, add_special_tokens=False).ids
            tokenizer.encode_special_tokens = False
            entry = {"ids": compact(ids), "plain": compact(plain)}
            if len(ids) <= 200:
                entry["text"] = tokenizer.decode(ids, skip_special_tokens=True)
            result[name][case] = entry
    for name, model in sentences.items():
        result[name] = {case: {"plain": compact(Pieces(model).ids(text))} for case, text in HARD_CASES.items()}
    return result


def fingerprints(tokenizers, sentences):
    encoders = {name: lambda text, t=t: t.encode(text, add_special_tokens=False).ids for name, t in tokenizers.items()}
    encoders |= {name: Pieces(model).ids for name, model in sentences.items()}
    result = {}
    for file, parts in texts():
        for name, encode in encoders.items():
            ids = [index for part in parts for index in encode(part)]
            result.setdefault(name, {})[file] = {"count": len(ids), "fingerprint": fingerprint(ids)}
            print(name, file, len(ids), flush=True)
    return result


def learned():
    """What `tokenizers` learns from texts that are here: the merges in order."""
    text = (DATA / "tinyshakespeare.txt").read_text()
    cases = {}
    for name, size, source, pre_tokenizer in [
        ("gpt2", 2000, [text], bytes_of()), ("llama3", 1500, text.split("\n\n"), bytes_of(LLAMA3)),
        ("smollm", 600, [case for case in HARD_CASES.values() if "<|endoftext|>" not in case],
         pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), bytes_of()])),
    ]:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.train_from_iterator(source, trainers.BpeTrainer(
            vocab_size=size, min_frequency=2, special_tokens=["<|endoftext|>"], show_progress=False,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
        model = json.loads(tokenizer.to_str())["model"]
        ids = [model["vocab"][side] for merge in model["merges"] for side in merge]
        cases[name] = {"tokens": len(model["vocab"]), "merges": len(model["merges"]), "fingerprint": fingerprint(ids)}
    return cases


def main():
    if sys.argv[1:2] == ["--check"]:
        wanted = json.loads((FOLDER / "expected.json").read_text())
        checked = 0
        for path in sorted(pathlib.Path(sys.argv[2]).glob("*.json")):
            tokenizer = Tokenizer.from_file(str(path))
            for case, text in HARD_CASES.items():
                found = compact(tokenizer.encode(text).ids)
                if found != wanted[path.stem][case]["ids"]:
                    sys.exit(f"{path.stem}, {case}: {found}, expected {wanted[path.stem][case]['ids']}")
                checked += 1
        print(checked, "cases are equal")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    tokenizers, model = small()
    for name, tokenizer in tokenizers.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(json.loads(tokenizer.to_str()), separators=(",", ":")) + "\n")
    (FOLDER / "small.model").write_bytes(model)
    cases = [{"name": name, "text": text} for name, text in HARD_CASES.items() if len(text) < 1000]
    cases += [{"name": name, "text": text[:(text + text).find(text, 1)], "length": len(text)}
              for name, text in HARD_CASES.items() if len(text) >= 1000 and (text + text).find(text, 1) < len(text)]
    cases += [{"name": name, "text": text} for name, text in HARD_CASES.items()
              if len(text) >= 1000 and (text + text).find(text, 1) >= len(text)]
    write("hard-cases.json", {"texts": cases, "broken": BROKEN})
    others, llama2 = real(folder)
    write("expected.json", expected(tokenizers | others, {"small.model": model, "llama2.tokenizer.model": llama2}))
    write("templates.json", jinja())
    write("learned.json", learned())
    write("texts.json", fingerprints(
        {name: tokenizers[name] for name in ("llama3-small", "qwen2-small", "smollm-small")} | others,
        {"llama2.tokenizer.model": llama2}))


if __name__ == "__main__":
    main()
