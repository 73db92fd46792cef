"""Who may reach what: one row for each address of the application. A route that is missing here fails, as does a row
without a route. Written by hand and compared with what the application answers; never made from its permissions.

    -  is asked to sign in          0  is told that it does not exist        +  is let in (what then happens is the
    ~  the operator's sign-in       3  is told that it is not allowed           step's own affair: 2xx, 3xx, 409, 422)

All addresses are the test company's first office (or its headquarters), with ids of its own cases.
"""

PAGE_PEOPLE = (
    "anonymous", "operator", "rival", "west", "region", "receptionist", "technician", "head", "manager", "hq",
)  # fmt: skip

PAGES = """
anyone
    ++++++++++ GET  /health
    ++++++++++ GET  /ready
    0000000000 GET  /metrics
    ++++++++++ GET  /static/<path:filename>
    ++++++++++ GET  /static/customer_service/<path:filename>
    ++++++++++ GET  /static/tenants/<path:filename>
    ++++++++++ GET  /assets/<version>/<path:name>
    ++++++++++ GET  /language/<code>
    ++++++++++ GET  /sign-in
    ++++++++++ POST /sign-in
    ---------- GET  /sign-in/code
    ---------- POST /sign-in/code
    ---------- POST /sign-out

the operator
    ++++++++++ GET  /operator/sign-in
    ++++++++++ POST /operator/sign-in
    ~~~~~~~~~~ GET  /operator/sign-in/code
    ~~~~~~~~~~ POST /operator/sign-in/code
    ~~~~~~~~~~ POST /operator/sign-out
    ~+~~~~~~~~ GET  /operator/second-factor
    ~+~~~~~~~~ POST /operator/second-factor
    ~+~~~~~~~~ GET  /operator/second-factor/off
    ~+~~~~~~~~ POST /operator/second-factor/off
    ~+~~~~~~~~ GET  /operator/
    ~+~~~~~~~~ POST /operator/
    ~+~~~~~~~~ POST /operator/companies/<uuid:company_id>/<any(suspend,resume):act>

everybody's own entry; the session and the token are the manager's, the notice the receptionist's, the file a request's
    --++++++++ GET  /
    --++++++++ GET  /me/password
    --++++++++ POST /me/password
    --++++++++ GET  /me/notices
    --++++++++ POST /me/notices
    --++++++++ POST /me/notices/try
    --++++++++ GET  /me/second-factor
    --++++++++ POST /me/second-factor
    --++++++++ POST /me/second-factor/off
    --++++++++ POST /me/second-factor/recovery
    --++++++++ GET  /me/sessions
    --000000+0 POST /me/sessions/<uuid:session_id>/end
    --++++++++ GET  /me/tokens
    --++++++++ POST /me/tokens
    --000000+0 POST /me/tokens/<uuid:token_id>/revoke
    --++++++++ GET  /notifications
    --000+0000 POST /notifications/<uuid:notice_id>
    --++++++++ POST /notifications/read
    --00++++++ GET  /files/<uuid:file_id>

headquarters; the rival has one too. The generic addresses stand for all flows: tested with the sites
    --+0+0000+ GET  /hq/
    --+030000+ GET  /hq/<plugin>/<flow>
    --0030000+ GET  /hq/<plugin>/<flow>/<uuid:case_id>
    --0030000+ GET  /hq/<plugin>/<flow>/<uuid:case_id>/<step>
    --0030000+ POST /hq/<plugin>/<flow>/<uuid:case_id>/<step>
    --0030000+ GET  /hq/<plugin>/<flow>/<uuid:case_id>/explain
    --00000000 GET  /hq/<plugin>/<flow>/<uuid:case_id>/print/<doc>
    --+030000+ GET  /hq/<plugin>/<flow>/export.xlsx
    --+030000+ GET  /hq/<plugin>/<flow>/new/<step>
    --+030000+ POST /hq/<plugin>/<flow>/new/<step>
    --+030000+ GET  /hq/access
    --+030000+ GET  /hq/channels
    --+030000+ GET  /hq/channels/deliveries
    --0030000+ POST /hq/channels/deliveries/<uuid:delivery_id>/replay
    --+030000+ GET  /hq/channels/webhooks/new
    --+030000+ POST /hq/channels/webhooks/new
    --0030000+ GET  /hq/channels/webhooks/<uuid:case_id>/rotate
    --0030000+ POST /hq/channels/webhooks/<uuid:case_id>/rotate
    --+0+0000+ GET  /hq/dates
    --+0+0000+ POST /hq/dates
    --+0+0000+ GET  /hq/duties
    --+0+0000+ GET  /hq/inbox
    --00+0000+ POST /hq/inbox/<uuid:approval_id>/<any(grant,reject,withdraw):act>
    --+0+0000+ GET  /hq/lookup/<name>
    --+030000+ GET  /hq/messages
    --+030000+ POST /hq/messages
    --+0+0000+ GET  /hq/rules
    --+030000+ POST /hq/rules/-/bulk
    --+030000+ POST /hq/rules/-/save
    --+0+0000+ GET  /hq/rules/<key>
    --+030000+ POST /hq/rules/<key>
    --+030000+ GET  /hq/sign-in

the office; the generic addresses tested with the requests
    --+0++++++ GET  /s/<site_code>/
    --+0++++++ GET  /s/<site_code>/<plugin>/<flow>
    --00++++++ GET  /s/<site_code>/<plugin>/<flow>/<uuid:case_id>
    --00++++++ GET  /s/<site_code>/<plugin>/<flow>/<uuid:case_id>/<step>
    --00++++++ POST /s/<site_code>/<plugin>/<flow>/<uuid:case_id>/<step>
    --00++++++ GET  /s/<site_code>/<plugin>/<flow>/<uuid:case_id>/explain
    --00++++++ GET  /s/<site_code>/<plugin>/<flow>/<uuid:case_id>/print/<doc>
    --+0++++++ GET  /s/<site_code>/<plugin>/<flow>/export.xlsx
    --+0++++++ GET  /s/<site_code>/<plugin>/<flow>/new/<step>
    --+0++++++ POST /s/<site_code>/<plugin>/<flow>/new/<step>
    --+0+333++ GET  /s/<site_code>/access
    --+0+333++ GET  /s/<site_code>/channels
    --+0+333++ GET  /s/<site_code>/channels/deliveries
    --00+333++ POST /s/<site_code>/channels/deliveries/<uuid:delivery_id>/replay
    --+0++++++ GET  /s/<site_code>/dates
    --+0++++++ POST /s/<site_code>/dates
    --+0++++++ GET  /s/<site_code>/duties
    --+0++++++ GET  /s/<site_code>/inbox
    --00++++++ POST /s/<site_code>/inbox/<uuid:approval_id>/<any(grant,reject,withdraw):act>
    --+0++++++ GET  /s/<site_code>/lookup/<name>
    --+0++++++ GET  /s/<site_code>/rules
    --+0+333++ POST /s/<site_code>/rules/-/bulk
    --+0+333++ POST /s/<site_code>/rules/-/save
    --+0++++++ GET  /s/<site_code>/rules/<key>
    --+0+333++ POST /s/<site_code>/rules/<key>

customer service
    --+0++++++ GET  /s/<site_code>/customer_service/board
    --00++++++ POST /s/<site_code>/customer_service/board/<uuid:case_id>/assign
    --00+++3++ GET  /s/<site_code>/customer_service/call/<uuid:case_id>
    --00+++3++ POST /s/<site_code>/customer_service/call/<uuid:case_id>
    --+0+333++ GET  /s/<site_code>/customer_service/figures
    --+0++++++ GET  /s/<site_code>/customer_service/front-desk
    --+0++++++ POST /s/<site_code>/customer_service/front-desk
    --+0++++++ GET  /s/<site_code>/customer_service/front-desk/archive
    --+0++++++ GET  /s/<site_code>/customer_service/day
    --+0++++++ GET  /s/<site_code>/customer_service/visits
    --+0++++++ GET  /s/<site_code>/customer_service/shift-on-duty
    --+0++++++ POST /s/<site_code>/customer_service/shift-on-duty
    --00++++++ POST /s/<site_code>/customer_service/shift-on-duty/<uuid:case_id>
    --00++++++ GET  /s/<site_code>/customer_service/monthly/<uuid:case_id>/report.xlsx
    --+0++++++ GET  /s/<site_code>/customer_service/intake
    --+0++++++ POST /s/<site_code>/customer_service/intake
    --00++++++ GET  /s/<site_code>/customer_service/intake/<uuid:case_id>
    --00++++++ POST /s/<site_code>/customer_service/intake/<uuid:case_id>
    --+0++++++ GET  /s/<site_code>/customer_service/intake/hints
    --+0++++++ GET  /s/<site_code>/customer_service/intake/household
    --+0++++++ GET  /s/<site_code>/customer_service/report
    --+0++++++ POST /s/<site_code>/customer_service/report
    --+0++++++ GET  /s/<site_code>/customer_service/revisits
    --00++++++ POST /s/<site_code>/customer_service/revisits/<uuid:case_id>
    --00+++3++ POST /s/<site_code>/customer_service/sheet/<uuid:case_id>
    --+0++++++ GET  /s/<site_code>/customer_service/work
    --00++++++ GET  /s/<site_code>/customer_service/work/<uuid:case_id>
    --00++++++ GET  /s/<site_code>/customer_service/work/<uuid:case_id>/<step>
    --00++++++ POST /s/<site_code>/customer_service/work/<uuid:case_id>/<step>

the registry
    --+0++++++ GET  /s/<site_code>/registry/export
    --+0+333++ GET  /s/<site_code>/registry/export/full
    --+0+333++ POST /s/<site_code>/registry/export/full
    --+0++++++ GET  /s/<site_code>/registry/export/households.xlsx
    --+0+333++ GET  /s/<site_code>/registry/import
    --+0+333++ POST /s/<site_code>/registry/import
    --00+333++ GET  /s/<site_code>/registry/import/<uuid:case_id>/faults.xlsx
    --00+333++ GET  /s/<site_code>/registry/import/<uuid:case_id>/recheck
    --00+333++ POST /s/<site_code>/registry/import/<uuid:case_id>/recheck
    --+0+333++ GET  /s/<site_code>/registry/import/template.xlsx
    --+0+333++ GET  /s/<site_code>/registry/find
    --+0+333++ POST /s/<site_code>/registry/find
    --00+333++ GET  /s/<site_code>/registry/resident/<uuid:case_id>/identity
    --00+333++ POST /s/<site_code>/registry/resident/<uuid:case_id>/identity
    --00+++3++ GET  /s/<site_code>/registry/resident/<uuid:case_id>/reveal
    --00+++3++ POST /s/<site_code>/registry/resident/<uuid:case_id>/reveal
"""

# The last two are API tokens of the manager, limited to `read` and to the permission to keep the registry.
API_PEOPLE = (
    "anonymous", "rival", "west", "region", "receptionist", "technician", "manager", "hq", "manager/read", "manager/registry.edit",
)  # fmt: skip

API = """
    -++++++++3 GET    /me
    -++++++++3 GET    /sites
    -++++++++3 GET    /approvals
    -++++++++3 GET    /notifications
    -000+00003 POST   /notifications/<uuid:notification_id>/read
    ++++++++++ GET    /openapi.json
    ++++++++++ POST   /session
    -+++++++33 DELETE /session
    -+0+000+30 POST   /company/files
    -000000003 GET    /company/files/<uuid:file_id>
    -00+++++3+ POST   /sites/<uuid:site_id>/files
    -00++++++3 GET    /sites/<uuid:site_id>/files/<uuid:file_id>
    -+03000+03 GET    /company/tenants/deliveries
"""

# Below a place (a site, or the company) every flow has its list, its cases and their history, and the steps of each;
# a step with a star opens a case.
API_FLOWS = """
site guanjia.approval
    -00++++++3 list read timeline explain
    -00+++++33 delete grant reject withdraw
company guanjia.approval
    -+0+000+03 list
    -00+000+03 read timeline explain
    -00+000+33 delete grant reject withdraw
site guanjia.task
    -00++++++3 list read timeline explain
    -00+++++33 delete done
    -00+33++33 excuse
company guanjia.task
    -+0+000+03 list
    -00+000+03 read timeline explain
    -00+000+33 delete done excuse
company guanjia.message
    -+03000+03 list
    -003000+03 read timeline explain
    -003000+33 delete retry drop
site registry.household
    -00++++++3 list read timeline explain
    -00+++++33 note attach delete
    -00+33++33 recompute move_rules
    -00++3++3+ *create change retire restore
site registry.resident
    -00++++++3 list read timeline explain
    -00+++++33 note attach delete reveal
    -00+33++33 recompute move_rules reveal_identity
    -00++3++3+ *create change retire restore
site registry.unit
    -00++++++3 list read timeline explain
    -00+++++33 note attach delete
    -00+33++33 recompute move_rules
    -00++3++3+ *create change retire restore
site registry.building
    -00++++++3 list read timeline explain
    -00+++++33 note attach delete
    -00+33++33 recompute move_rules
    -00++3++3+ *create change retire restore
site registry.import
    -00+33++33 list read timeline explain note attach recompute move_rules delete *check recheck write
    -00+33++33 withdraw
site registry.phone_export
    -00+++++33 list read timeline explain note attach delete
    -00+33++33 *take
site customer_service.request
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete call review sign accept_work hand_in reject_sheet
    -00+++++33 revisit site_check refer settle_matter close close_unsolved *receive *report confirm
    -00+++++33 decide_capability dispatch withdraw mark open_sheet assign give_to_contractor give_notice
    -00+++++33 take arrive agree_appointment check_equipment start agree_deadline extend add_materials
    -00+++++33 complete correct_sheet return_unsolved report_back
    -00+33++33 recompute move_rules *bring_in
site customer_service.service
    -00++++++3 list read timeline explain
    -00+++++33 delete
    -00+33++33 *create change retire restore offer stop_offering
company customer_service.service
    -+0+000+03 list
    -00+000+03 read timeline explain
    -00+000+33 delete change retire restore offer stop_offering
    -+03000+33 *create
site customer_service.contractor
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete
    -00+33++33 recompute move_rules *create change retire restore review
site customer_service.takeover
    -00+33++33 list read timeline explain note attach delete *series *duty
site customer_service.enquiry
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *enter answer redirect ask_manager transfer contribute
    -00+++++33 stall settle agree_time mark_important remark withdraw
    -00+33++33 recompute move_rules
site customer_service.article
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete
    -00+33++33 recompute move_rules
    -00++3++33 *create change retire restore
site customer_service.ledger_review
    -00++++++3 list read timeline explain
    -00+++++33 note attach delete *daily *weekly
site customer_service.visiting_desk
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *propose approve refuse arrange hold cancel
    -00+33++33 recompute move_rules
site customer_service.complaint
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *record investigate decide handle reply close mark_conduct
    -00+++++33 warranty tell_developer developer_done withdraw
    -00+33++33 recompute move_rules
site customer_service.suggestion
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *record decide consent publish credit withdraw
    -00+33++33 recompute move_rules
site customer_service.visit
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *record count answer discuss mark_major settle promise
    -00+33++33 recompute move_rules
site customer_service.area
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete
    -00+33++33 recompute move_rules *create change retire restore
site customer_service.visit_plan
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *enter revise
    -00+33++33 recompute move_rules
site customer_service.shift
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *begin write hand_over take_over security_takes
    -00+33++33 recompute move_rules
site customer_service.monthly
    -00++++++3 list read timeline explain
    -00+++++33 note attach stop_clock resume_clock delete *draw_up count_anew enter_use submit
    -00+33++33 recompute move_rules
company tenants.company
    -+03000+03 list
    -003000+03 read timeline explain
    -003000+33 delete change set_sign_in_policy
company tenants.org_unit
    -+03000+03 list
    -003000+03 read timeline explain
    -003000+33 delete change retire restore
    -+03000+33 *create
company tenants.site
    -+03000+03 list
    -003000+03 read timeline explain
    -003000+33 delete change retire restore
    -+03000+33 *create
site tenants.department
    -00++++++3 list read timeline explain
    -00+++++33 delete
    -00+33++33 *create change retire restore
company tenants.department
    -+0+000+03 list
    -00+000+03 read timeline explain
    -00+000+33 delete change retire restore
    -+03000+33 *create
site tenants.staff
    -00+33++33 list read timeline explain delete *create retire change restore reset_password reset_second_factor end_sessions
company tenants.staff
    -+03000+03 list
    -003000+03 read timeline explain
    -00+000+33 delete retire change restore reset_password reset_second_factor end_sessions
    -+03000+33 *create
site tenants.absence
    -00+33++33 list read timeline explain delete *create change retire restore
company tenants.absence
    -+03000+03 list
    -003000+03 read timeline explain
    -00+000+33 delete change retire restore
    -+03000+33 *create
company tenants.role
    -+03000+03 list
    -003000+03 read timeline explain
    -003000+33 delete change retire restore
    -+03000+33 *create
site tenants.assignment
    -00+33++33 list read timeline explain delete *create end
company tenants.assignment
    -+03000+03 list
    -003000+03 read timeline explain
    -00+000+33 delete end
    -+03000+33 *create
site tenants.calendar_day
    -00++++++3 list read timeline explain
    -00+++++33 delete
    -00+33++33 *create change retire restore
company tenants.calendar_day
    -+0+000+03 list
    -00+000+03 read timeline explain
    -00+000+33 delete change retire restore
    -+03000+33 *create
company tenants.calendar_year
    -+03000+03 list
    -003000+03 read timeline explain
    -003000+33 delete change retire restore
    -+03000+33 *create
site tenants.plugin_switch
    -00+33++33 list read timeline explain delete *create change retire restore
company tenants.plugin_switch
    -+03000+03 list
    -003000+03 read timeline explain
    -00+000+33 delete change retire restore
    -+03000+33 *create
site tenants.robot
    -00+33++33 list read timeline explain delete *create change retire restore test replay
company tenants.robot
    -+03000+03 list
    -003000+03 read timeline explain
    -00+000+33 delete change retire restore test replay
    -+03000+33 *create
company tenants.webhook
    -+03000+03 list
    -003000+03 read timeline explain
    -003000+33 delete change retire restore rotate test replay replay_failed
    -+03000+33 *create
site tenants.token
    -00+33++33 list *create
    -00033+033 read timeline explain
    -00000+033 delete revoke
company tenants.token
    -+03000+03 list
    -003000003 read timeline explain
    -000000033 delete revoke
    -+03000+33 *create
site tenants.rule_change
    -00++++++3 list read timeline explain
    -00+++++33 delete
    -00+33++33 *enter *ask withdraw
    -003333+33 grant reject
company tenants.rule_change
    -+0+000+03 list
    -00+000+03 read timeline explain
    -00+000+33 delete withdraw
    -+03000+33 *enter *ask
    -003000+33 grant reject
"""
