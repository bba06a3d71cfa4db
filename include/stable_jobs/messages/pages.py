"""Words of the review pages themselves: sections, roles, units of parameters, troubles."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.words import Words

SECTION = {
    "nights": Words("各夜", "Nights"),
    "enterprises": Words("企业", "Enterprises"),
    "regions": Words("地区与政策", "Regions and policy"),
    "batches": Words("批次", "Batches"),
    "proposals": Words("双人复核", "Second persons"),
    "comparison": Words("前后比较", "Comparison"),
}

ROLE = {
    "viewer": Words("查看者", "Viewer"),
    "officer": Words("经办人", "Officer"),
    "approver": Words("审批人", "Approver"),
    "engineer": Words("工程师", "Engineer"),
}

PARAMETER_UNIT = {
    "months": Words("个月", "months"),
    "persons": Words("人", "persons"),
    "people": Words("人", "people"),
    "month": Words("月", "(month)"),
    "working_days": Words("个工作日", "working days"),
    "units": Words("户", "units"),
    "yuan": Words("元", "yuan"),
    "factor": Words("倍", "times"),
}

TROUBLE = {
    "not_signed_in": Words("您尚未登录", "You are not signed in"),
    "forbidden": Words("您的角色无此权限", "This is not for your role"),
    "old_form": Words("此表单已过期，或来自别处", "This form is too old, or came from elsewhere"),
    "not_found": Words("这里没有内容", "There is nothing here"),
    "refused": Words("未予办理", "Refused"),
    "broken": Words("页面出错", "The page broke"),
}

TROUBLE_NEXT = {
    "not_signed_in": Words(
        "请登录 Airflow，再重新打开本页。", "Sign in to Airflow, then open the page again."
    ),
    "forbidden": Words(
        "请向本系统的用户管理员申请有此权限的角色。",
        "Ask whoever manages the users of this installation for the role that may do it.",
    ),
    "old_form": Words("请重新打开页面，再从那里提交。", "Open the page again and send the form from there."),
    "not_found": Words("请核对地址，或从“各夜”开始。", "Check the address, or start from Nights."),
    "refused": Words(
        "没有作任何改动。请阅读原因并照此办理。", "Nothing was changed. Read the reason, and do what it says."
    ),
    "broken": Words(
        "请重试。如仍出错，请把时间和地址告诉工程师：服务器日志中有原因。",
        "Try again. If it stays, tell an engineer the time and the address: the server's log has the cause.",
    ),
}

GROUPS: Mapping[str, Mapping[str, Words]] = {
    "section": SECTION,
    "role": ROLE,
    "parameter_unit": PARAMETER_UNIT,
    "trouble": TROUBLE,
    "trouble_next": TROUBLE_NEXT,
}
