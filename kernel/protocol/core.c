/* SPDX-License-Identifier: MIT */
#include "abi/svsm.h"
#include "kernel/platform/platform.h"
#include "kernel/protocol/protocol.h"

#define CONFIGURE_VTOM_QUERY 1ull

/* 7.1: RCX is the address of the new calling area. */
static uint64_t remap_ca(struct vcpu *vcpu, const struct vcpu_call *call)
{
	return protocol_result(vcpu_remap_caa(vcpu, gpa(call->rcx)));
}

/* 7.3: RCX save area, RDX calling area, R8 APIC id. The area must name the caller's own features. */
static uint64_t create_vcpu(const struct vcpu_call *call)
{
	return protocol_result(vcpu_create((uint32_t)call->r8, gpa(call->rcx), gpa(call->rdx),
					   platform_guest_features()));
}

/* 7.4: RCX save area. */
static uint64_t delete_vcpu(const struct vcpu *vcpu, const struct vcpu_call *call)
{
	int error = vcpu_delete(vcpu, gpa(call->rcx));

	return error == ERR_STATE ? SVSM_ERR_CORE_FAIL_INUSE : protocol_result(error);
}

/* 7.7: RCX protocol and version; result RCX 0 when it is not offered, else both limits. */
static uint64_t query_protocol(struct vcpu_call *call)
{
	uint32_t version = (uint32_t)call->rcx, minimum, maximum;

	if (protocol_versions((uint32_t)(call->rcx >> 32), &minimum, &maximum) && version >= minimum &&
	    version <= maximum)
		call->rcx = (uint64_t)maximum << 32 | minimum;
	else
		call->rcx = 0;
	return SVSM_SUCCESS;
}

/* 7.8: only the query is answered, with "not supported". */
static uint64_t configure_vtom(struct vcpu_call *call)
{
	if ((call->rcx & CONFIGURE_VTOM_QUERY) == 0)
		return SVSM_ERR_INVALID_REQUEST;
	call->rcx = 0;
	return SVSM_SUCCESS;
}

uint64_t protocol_core(struct vcpu *vcpu, uint32_t number, struct vcpu_call *call)
{
	switch (number) {
	case SVSM_CORE_REMAP_CA:
		return remap_ca(vcpu, call);
	case SVSM_CORE_PVALIDATE:
		return protocol_core_pvalidate(gpa(call->rcx));
	case SVSM_CORE_CREATE_VCPU:
		return create_vcpu(call);
	case SVSM_CORE_DELETE_VCPU:
		return delete_vcpu(vcpu, call);
	case SVSM_CORE_QUERY_PROTOCOL:
		return query_protocol(call);
	case SVSM_CORE_CONFIGURE_VTOM:
		return configure_vtom(call);
	default:
		/* DEPOSIT_MEM and WITHDRAW_MEM are known, but nothing is ever asked for. */
		return SVSM_ERR_UNSUPPORTED_CALL;
	}
}
