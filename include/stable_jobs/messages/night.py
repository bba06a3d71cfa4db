"""Words of the night: departments, deliveries, held regions, owed items, the comparison."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.words import Words

DEPARTMENT = {
    "labor": Words("人社", "Labor"),
    "tax": Words("税务", "Tax"),
    "finance": Words("财政", "Finance"),
    "development": Words("发改", "Development and reform"),
    "economy": Words("经信", "Economy and information"),
    "policy": Words("政策参数维护人", "Policy maintenance"),
}

SEVERITY = {
    "critical": Words("严重", "Critical"),
    "warning": Words("警告", "Warning"),
    "info": Words("提示", "Info"),
}

LEVEL = {
    "blocks": Words("致地区暂停", "Holds a region"),
    "rows": Words("单位待定", "Units undecided"),
    "notice": Words("请关注", "To look at"),
}

STATUS = {
    "accepted": Words("已接收", "Accepted"),
    "released": Words("人工放行", "Released by a person"),
    "stand_in": Words("沿用前次", "Earlier delivery stands in"),
    "held": Words("暂不采用", "Held"),
    "refused": Words("拒收", "Refused"),
    "missing": Words("未送达", "Missing"),
    "superseded": Words("已被替换", "Replaced by a later one"),
    "pending": Words("尚未校验", "Not validated yet"),
}

DELIVERY_STATE = {
    "landed": Words("已收取", "Landed"),
    "staged": Words("已入库", "Staged"),
    "refused": Words("拒收", "Refused"),
}

HELD = {
    "missing_delivery": Words(
        "缺少必需的数据：在允许的时限内没有已接收的报送",
        "A required delivery is missing: none was accepted within the age allowed",
    ),
    "held_delivery": Words(
        "该报送因整份规则而暂不采用", "The delivery was stopped by a rule about the whole delivery"
    ),
    "no_parameters": Words(
        "该地区没有本政策年度的政策参数", "The region has no policy parameters for this policy year"
    ),
    "bad_parameters": Words("该地区的政策文件有误", "The region's policy files have a fault"),
    "unreadable_unit": Words(
        "有一行被隔离且无法识别其所属单位，可能涉及该地区任何单位",
        "A quarantined row may concern any unit of the region: its unit cannot be read",
    ),
    "lists_do_not_add_up": Words(
        "该地区的名单与认定结果不一致", "The region's lists do not add up to its decision"
    ),
}

HELD_NEXT = {
    "missing_delivery": Words(
        "请报送，或更正后重新报送；下次运行时对该地区作出认定",
        "Send the delivery, or send it again corrected; the next run decides the region",
    ),
    "held_delivery": Words(
        "请更正后重新报送；若数据属实，请由责任人注明理由后放行",
        "Send it again corrected; if it is right as it is, have it released with a reason",
    ),
    "no_parameters": Words(
        "请录入该地区本政策年度的参数，并注明依据文件",
        "Enter the region's parameters for the policy year with their legal reference",
    ),
    "bad_parameters": Words(
        "请更正政策文件中所指之处，并重新运行当夜流程",
        "Correct the named place in the policy file and run the night again",
    ),
    "unreadable_unit": Words(
        "请更正该行的代码，并重新报送整份数据",
        "Correct the code in that row and send the whole delivery again",
    ),
    "lists_do_not_add_up": Words(
        "请将本报告交给程序维护人员；该地区未公布、未公示、未拨付",
        "Give this report to whoever keeps the program; nothing was published or paid",
    ),
}

ORPHANS = {
    "what": Words("有数据行在其地区找不到对应的参保单位", "Rows match no insured unit of their region"),
    "next": Words(
        "请将这些行的信用代码和地区与参保单位核对",
        "Compare the credit codes and regions of these rows with the insured units",
    ),
}

REFUSED = {
    "held": Words(
        "该报送因整份规则而暂不采用", "The delivery was stopped by a rule about the whole delivery"
    ),
    "refused": Words("无法按数据合同读取该报送", "The delivery cannot be read as its contract says"),
    "next": Words("请更正后重新报送", "Correct the delivery and send it again"),
}

OWED = {
    "not_sent": Words("该业务日期没有收到数据", "Nothing was sent for this business date"),
    "next": Words(
        "请连同清单文件一并报送，下一次运行即可收取", "Send it with its manifest; the next run takes it"
    ),
}

PLACE = {
    "all": Words("全部地区合报文件", "File for all regions"),
    "none": Words("地区无法识别", "Region not readable"),
    "unknown": Words("其他地区", "Other region"),
}

MEASURE = {
    "rows": Words(
        "%(rows)s 行；隔离 %(quarantined)s；上次采用 %(previous_rows)s",
        "%(rows)s rows; %(quarantined)s quarantined; last accepted %(previous_rows)s",
    ),
    "none": Words("无", "none"),
    "most_quarantined": Words(
        "隔离的行最多 %(share)s：%(rows)s 行中最多 %(most)s 行",
        "at most %(share)s of the rows quarantined: %(most)s of %(rows)s",
    ),
    "fewest_rows": Words(
        "比上次采用的减少不到 %(share)s：上次 %(previous_rows)s 行，本次至少 %(fewest)s 行",
        "less than %(share)s below the last accepted: at least %(fewest)s rows after %(previous_rows)s",
    ),
}

CHECK = {
    "accepted": Words("整份文件可以采用。", "It would be accepted whole."),
    "quarantined": Words(
        "文件可以采用，但下列行将被隔离。", "It would be accepted without the rows that are quarantined."
    ),
    "held": Words("整份文件将暂不采用。", "It would be held: none of its rows would count."),
    "refused": Words("文件将被拒收。", "It would be refused."),
    "rows": Words(
        "收到 %(received)s 行；采用 %(accepted)s；隔离 %(quarantined)s",
        "%(received)s rows received; %(accepted)s accepted; %(quarantined)s quarantined",
    ),
    "where": Words("第 %(row)s 行", "row %(row)s"),
    "column": Words("%(column)s 列", "column %(column)s"),
    "more": Words("另有 %(more)s 行", "and %(more)s more"),
    "count": Words("行数", "Rows"),
    "what": Words("问题", "What is wrong"),
    "expected": Words("应为", "Expected"),
    "found": Words("实际", "Found"),
    "next": Words("下一步", "Next step"),
    "no_manifest": Words(
        "旁边没有清单文件：未比对行数和金额合计。没有清单的文件不予接收。",
        "There is no manifest beside it: rows and control total are not compared. The bureau takes no"
        " file without one.",
    ),
    "left_out": Words(
        "此处不检查：行数是否比上次采用的大幅减少；哪些代码已经人工登记为有效。",
        "Not checked here: whether it has far fewer rows than the last one accepted, and which codes"
        " people have registered as valid.",
    ),
}

BASELINE = {
    "night_before": Words("与前一夜比较", "Against the night before"),
    "earlier_decision": Words("与本日此前的认定比较", "Against the earlier decision of this date"),
    "chosen": Words("对比业务日期", "Against the night of"),
}

ONE_SIDED = {
    "only_before": Words("现未认定，所有行均为消失", "Not decided now: all its rows go"),
    "only_after": Words("此前未认定，所有行均为新增", "Not decided then: all its rows appear"),
}

NO_BASELINE = {
    "night_before": Words("没有更早的一夜可供比较。", "There is no earlier night to compare with."),
    "earlier_decision": Words("本日此前没有其他认定结果。", "This date was not decided otherwise before."),
}

VERSION = {
    "stable_jobs": Words("版本", "Version"),
    "code": Words("程序", "Code"),
    "policies": Words("政策参数", "Policies"),
    "contracts": Words("数据合同", "Contracts"),
}

NIGHT_STATE = {
    "published": Words("已发布", "Published"),
    "held": Words("暂停", "Held"),
    "waiting": Words("等待审批", "Waits for approval"),
    "running": Words("运行中", "Running"),
    "decided": Words("已认定", "Decided"),
}

GROUPS: Mapping[str, Mapping[str, Words]] = {
    "department": DEPARTMENT,
    "severity": SEVERITY,
    "level": LEVEL,
    "status": STATUS,
    "delivery_state": DELIVERY_STATE,
    "held": HELD,
    "held_next": HELD_NEXT,
    "orphans": ORPHANS,
    "refused": REFUSED,
    "owed": OWED,
    "place": PLACE,
    "measure": MEASURE,
    "check": CHECK,
    "baseline": BASELINE,
    "one_sided": ONE_SIDED,
    "no_baseline": NO_BASELINE,
    "version": VERSION,
    "night_state": NIGHT_STATE,
}
