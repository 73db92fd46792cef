"""What is guessed first: zxcvbn's lists of leaked passwords, names and keyboard runs, and what people in China take besides.

zxcvbn knows English and what leaked in the West; pinyin and the numbers that are read aloud are added here.
"""

from __future__ import annotations

from collections.abc import Iterable

ENOUGH = 3  # of 4: at least 10^8 guesses by zxcvbn's reckoning
SHORT, ENOUGH_FOR_SHORT = 10, 2  # a company that lets in shorter ones cannot get there: at least 10^6
LOOKED_AT = 32  # characters; spellings with many look-alike signs take zxcvbn seconds beyond that
# Read aloud or typed by pinyin; the trade's own words; and what stands in every office.
CHINESE = (
    "woaini", "woaiwo", "woaiwojia", "iloveyou", "5201314", "1314520", "201314", "1314521", "7758521", "7758258", "584520",
    "520520", "521521", "110110", "119119", "168168", "518518", "888888", "666666", "wodemima", "mima", "mimashi", "xiugaimima",
    "yonghu", "guanliyuan", "denglu", "nihao", "nihaoma", "zhongguo", "china", "beijing", "shanghai", "guangzhou",
    "shenzhen", "zhangsan", "lisi", "wangwu", "wangxiaoer", "xiaoming", "caonima", "wangba", "taobao", "zhifubao", "weixin",
    "tengxun", "baidu", "huawei", "jiayou", "gongxifacai", "facai", "dashazi", "laopo", "laogong", "baobei", "qinaide",
    "wuye", "wuyegongsi", "guanlichu", "guanjia", "yezhu", "xiaoqu", "fuwu", "fuwuzhongxin", "baoan", "keqian", "qiantai",
    "wygl", "property", "welcome1", "p@ssw0rd", "admin888", "qq123456", "a123456", "abc123456", "aa123456", "qwe123456",
    "asd123456", "zxc123456", "1qaz2wsx", "q1w2e3r4", "1q2w3e4r5t", "qazwsxedc",
)  # fmt: skip


def is_easily_guessed(password: str, known: Iterable[str] = ()) -> bool:
    """Whether a patient guesser gets there: leaked, a name, a keyboard run, a repeat, or little more than that."""
    from zxcvbn import zxcvbn  # its lists are read when it is first needed

    words = [word.casefold() for word in known if len(word) > 1]
    score = zxcvbn(password[:LOOKED_AT], user_inputs=[*words, *CHINESE])["score"]
    return bool(score < (ENOUGH if len(password) >= SHORT else ENOUGH_FOR_SHORT))
