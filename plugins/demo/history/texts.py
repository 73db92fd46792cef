"""What people say and write in the history, in the language of the offices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """What is asked for, by whom it is done, and how the report of it reads. `place` is empty in a home."""

    category: str
    content: str
    done: str
    department: str = "engineering"
    place: str = ""
    material: str = ""
    paid: bool = False
    weight: int = 3


REQUESTS: tuple[Wish, ...] = (
    Wish("pipe_leak", "洗手盆下水管渗水", "更换下水软管，试水正常", material="下水软管", weight=5),
    Wish("pipe_leak", "厨房角阀滴水", "更换角阀，试压无渗漏", material="角阀", weight=4),
    Wish("drain_blocked", "厨房下水道堵塞，污水上返", "机械疏通，排水畅通", weight=5),
    Wish("toilet_blocked", "马桶堵塞", "疏通完毕，冲水正常", weight=5),
    Wish("lamp", "阳台灯管不亮", "更换灯管，照明恢复", material="LED 灯管", weight=5),
    Wish("door_lock", "入户门锁转动不灵", "清洗锁芯并上油，开关顺畅", paid=True, weight=4),
    Wish("power_lighting", "卧室插座没电", "更换插座面板，通电正常", material="五孔插座", weight=5),
    Wish("power_lighting", "空气开关经常跳闸", "更换 20A 空气开关，负载试验正常", material="空气开关 20A", weight=4),
    Wish("air_conditioning", "空调不制冷", "清洗滤网并补充冷媒，出风温度正常", weight=4),
    Wish("water_supply", "热水器进水管水压低", "清理过滤网，水压恢复", weight=4),
    Wish("doors_windows", "推拉窗滑轮损坏", "更换滑轮一副，推拉顺畅", material="推拉窗滑轮", weight=4),
    Wish("other_repair", "对讲门铃听不到声音", "更换听筒，通话清晰", material="对讲听筒", weight=3),
    Wish("installation", "安装浴室暖风机", "安装完毕，通电试机正常", material="膨胀螺丝", paid=True, weight=3),
    Wish("leak_proofing", "飘窗顶部渗水，需做补漏", "铲除旧防水层重做，淋水试验合格", material="防水涂料", weight=2),
    Wish("glass", "书房窗玻璃开裂", "更换 6mm 钢化玻璃一块", material="钢化玻璃", weight=2),
    Wish("curtain", "客厅窗帘轨道脱落", "重新固定轨道，窗帘拉动顺畅", weight=1),
    Wish("indoor_cleaning", "家中深度清洁", "全屋清洁完毕，业主验收", "cleaning", paid=True, weight=4),
    Wish("move_in_cleaning", "入住前开荒清洁", "开荒清洁完毕，业主验收", "cleaning", paid=True, weight=2),
    Wish("indoor_security", "搬运贵重家具，请派人协助看护", "全程看护，物品清点无误", "security", weight=1),
    Wish("public_cleaning", "垃圾分类亭地面油污", "高压冲洗并消毒", "cleaning", place="东门垃圾分类亭", weight=3),
    Wish("greening", "绿篱过高遮挡视线", "修剪绿篱，清运枝叶", "cleaning", place="2 栋南侧绿地", weight=2),
    Wish("lamp", "地下车库照明灯管闪烁", "更换灯管三支", place="地下车库 B 区", material="LED 灯管", weight=3),
    Wish(
        "fire_equipment", "楼层灭火器压力不足", "更换灭火器并登记", place="3 栋 5 层电梯厅", material="灭火器", weight=2
    ),
    Wish("doors_windows", "单元门闭门器失灵", "更换闭门器，关门正常", place="1 栋单元门", material="闭门器", weight=2),
    Wish("internal_equipment", "服务中心打印机卡纸", "更换搓纸轮，打印正常", place="服务中心", weight=1),
    Wish(
        "lift_failure",
        "2 号电梯停在三层不动，无人被困",
        "维保单位到场复位，试运行正常",
        place="2 栋 2 号电梯",
        weight=1,
    ),
    Wish("burst_pipe", "卫生间水管爆裂，水流到走廊", "关闭总阀后更换爆裂管段，抽干积水", material="PPR 管", weight=1),
)

AGREED_VISITS = ("业主要求两小时内完成，自备拖鞋", "先清洁厨房，家中有老人请轻声", "业主全程在场，带梯子")
ANSWERS = (
    "修好了，师傅很仔细",
    "满意，来得很快",
    "可以，已经能用了",
    "问题解决了，谢谢",
    "师傅态度好，走前还打扫了",
    "还行，就是等得久了点",
)
FAULTS = ("还在滴水，并没有修好", "用了一天又坏了", "师傅说弄好了，可是一直有响声")
REASONS = {
    "withdraw": ("业主自行处理好了", "重复登记，已有同一单", "业主改变主意，暂不维修"),
    "unsolved": ("属业主自购设备，厂家保修期内", "原厂配件停产，无法修复", "涉及结构改动，不能施工"),
    "extend": ("需订购原厂配件，两日后到货", "须搭脚手架，安排在后天", "连日下雨，防水施工顺延"),
}

# subject, question, answer
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("service", "管理处周末上班吗", "前台每天八点半到十八点有人，夜间请打值班电话"),
    ("service", "快递柜满了怎么办", "可放前台代收点，凭取件码领取"),
    ("fees", "物业费可以按季度交吗", "可以，线上或前台均可按月、按季缴纳"),
    ("fees", "水费上个月为什么多了", "已核对抄表记录，是合并了两个月的用量，明细已打印给业主"),
    ("moving", "装修要办什么手续", "带身份证、装修方案和施工单位资料到前台申请，三个工作日批复"),
    ("moving", "搬家能用货梯吗", "可以，提前一天在前台登记，九点到十八点使用"),
    ("community", "游泳池几号开放", "五月一日至九月三十日，每天十四点到二十一点"),
    ("community", "中秋活动怎么报名", "在前台或业主群接龙报名，每户限三人"),
    ("engineering", "家里总水阀在哪里", "在入户门外管井内，户号贴在阀门上，请勿动邻户阀门"),
    ("engineering", "阳台能不能封窗", "按统一样式可以，请先提交图纸，由工程部确认"),
    ("security", "访客的车怎么进小区", "业主在小程序登记车牌，或由访客在东门登记后放行"),
    ("security", "楼下晚上有人唱歌很吵", "秩序部已派人劝离，并列入夜间巡查重点"),
    ("leasing", "车位还有没有出租的", "地下二层尚有余位，带行驶证到服务中心办理"),
    ("leasing", "想把房子出租，要不要登记", "请携租赁合同和租户身份证到服务中心登记"),
    ("outside", "产权证什么时候能办", "由不动产登记中心办理，可在其网站预约，地址和电话已告知"),
    ("outside", "宽带断了找谁", "请拨运营商客服电话报修，管理处可配合开弱电井"),
    ("other", "附近有没有幼儿园", "小区北门外三百米有公办幼儿园一所，招生电话见信息档案"),
    ("other", "失物招领在哪里", "在前台登记领取，保存三个月"),
)
JOINT = ("engineering", "security", "leasing")

# matter, complaint, findings, what was decided, what was done, department
COMPLAINTS: tuple[tuple[str, str, str, str, str, str], ...] = (
    (
        "security",
        "夜里东门岗亭没有人",
        "监控显示当班人员离岗十二分钟",
        "批评教育，补签岗位责任书",
        "已调整夜间换岗顺序，离岗须有人顶岗",
        "security",
    ),
    (
        "security",
        "陌生推销人员进了单元楼",
        "访客登记有一处漏记",
        "加强访客核实",
        "重新培训门岗，单元门禁已全部修复",
        "security",
    ),
    (
        "cleaning",
        "楼道垃圾三天没有清",
        "该楼层保洁员请假，无人顶替",
        "当天清理，安排顶班",
        "已清理并建立请假顶班表",
        "cleaning",
    ),
    (
        "cleaning",
        "绿化浇水把车弄脏了",
        "洒水车未避让停放车辆",
        "向业主致歉并清洗车辆",
        "已为业主清洗车辆，浇灌改在清晨",
        "cleaning",
    ),
    (
        "repair",
        "报修后师傅两次爽约",
        "派工与预约时间冲突",
        "道歉，改约并优先上门",
        "已于约定时间修好，派工前核对预约",
        "engineering",
    ),
    (
        "service",
        "前台电话长时间没人接",
        "当日前台只有一人，来访集中",
        "增加高峰时段人手",
        "高峰时段增设一名接待员",
        "engineering",
    ),
    (
        "fees",
        "停车费多收了一个月",
        "系统续费日期设置错误",
        "退还并核对全部月卡",
        "已退还多收费用，全部月卡核对完毕",
        "security",
    ),
    (
        "neighbours",
        "楼上装修超时施工",
        "施工时间超过规定二十分钟",
        "约谈施工队，暂停施工一天",
        "施工队已书面保证按时收工",
        "engineering",
    ),
    (
        "building",
        "外墙渗水使卧室墙面发霉",
        "西立面拼缝防水层老化，属保修范围",
        "转开发商保修并跟进",
        "已安排临时防渗处理",
        "engineering",
    ),
    (
        "building",
        "入户门框变形关不严",
        "门框安装垂直度超差，属保修范围",
        "转开发商更换并跟进",
        "已协调开发商安排更换",
        "engineering",
    ),
    (
        "other",
        "小区里狗不牵绳",
        "多户反映，时间集中在傍晚",
        "张贴提示，傍晚加派巡查",
        "已张贴提示并加派傍晚巡查",
        "security",
    ),
)

# suggestion, adopted, measures
SUGGESTIONS: tuple[tuple[str, bool, str], ...] = (
    ("在东门加装雨棚", True, "列入本季度改造，月底前完成安装"),
    ("儿童游乐区铺软垫", True, "已采购，下周铺设"),
    ("快递柜旁加一把长椅", True, "已安放"),
    ("楼道灯改成声控", True, "分批更换，先从一栋开始"),
    ("把人工湖改成停车位", False, "规划用途不能变更"),
    ("电梯厅张贴维保记录", True, "每月更新张贴"),
    ("每户免费发一个垃圾桶", False, "不在服务合同范围，已建议社区统一采购"),
    ("地库入口加减速带", True, "已安装，并加反光标识"),
    ("开放屋顶花园", False, "消防疏散通道不能占用"),
    ("母婴室增加尿布台", True, "已添置"),
)

OPINIONS = (
    "保洁比以前好",
    "门岗认真负责",
    "维修及时，满意",
    "前台态度好",
    "电梯有时等得久",
    "希望绿化再修剪勤些",
    "夜间巡逻让人放心",
    "总体不错",
)
IDEAS = ("多组织老人活动", "增加电动车充电桩", "健身器材需要上油", "公告栏及时更新")
# question of a household, answer
HOUSEHOLD_QUESTIONS: tuple[tuple[str, str], ...] = (
    ("楼道灯晚上太暗", "已更换为亮度更高的灯管"),
    ("单元门关门声音大", "已调整闭门器力度"),
    ("电梯什么时候检修", "维保单位每月两次，下次时间已张贴"),
    ("车库有积水", "已疏通截水沟并加排水泵巡查"),
    ("楼上漏水的痕迹要处理", "工程部已查明并完成修补"),
    ("公共晾晒区能否增加", "已在三栋后增设两组晾衣架"),
)
MAJOR = ("外墙瓷砖有脱落危险", "已报公司，委托专业单位检测，脱落部位围挡并立项维修")

SHIFT_NOTES = (
    "{n} 栋电梯困人演练，已通知住户",
    "收到快件二十余件，代收七件",
    "{n} 栋报修较多，已催工程部",
    "业主拾到钥匙一串，交前台保管",
    "停水通知已张贴并群发",
    "来访登记三十二人次",
    "雨天地滑，大堂已铺防滑垫",
    "装修单位办理出入证四张",
)
FOR_SECURITY = (
    "夜间看管 {n} 栋旁施工围挡",
    "{n} 栋业主外出，请多巡查门窗",
    "地库 {n} 区卷帘门待修，夜间请值守",
    "东门道闸抬杆缓慢，请人工协助",
)
SUMMARIES = (
    "一切正常，待办两件已交接",
    "来访较多，未答复的咨询一件请跟进",
    "报修三件均已派单，回访待办一件",
    "正常，无遗留事项",
)
PLANS = (
    "跟进未答复的咨询，督促部门按时回复",
    "核对当日台账，登记规范",
    "两件咨询由工程部协同，明天回复业主",
    "对新入职接待员作应答辅导",
    "台账完整，无须跟进",
)
IMPORTANT = ("多户集中反映停车难，建议公司协调增设车位", "连续反映水压不足，请公司联系供水单位")
ORGANISATIONS = (
    ("街道社保所", "社保与医保咨询"),
    ("供水公司", "水表更换与用水咨询"),
    ("社区卫生服务中心", "家庭医生签约"),
    ("派出所户籍窗口", "居住证办理"),
)
