"""Records: data that must exist. They have no switch; models and steps keep them."""

from guanjia.sdk import Kind, Rule

service_catalogue = Rule("customer_service.service_catalogue", Kind.RECORD)
arrival_recorded = Rule("customer_service.arrival_recorded", Kind.RECORD)

ALL = (service_catalogue, arrival_recorded)
