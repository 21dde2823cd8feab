/* SPDX-License-Identifier: MIT */
#include "abi/svsm.h"
#include "kernel/guest/reset.h"
#include "kernel/proc/door.h"
#include "kernel/protocol/protocol.h"

bool protocol_versions(uint32_t protocol, uint32_t *minimum, uint32_t *maximum)
{
	switch (protocol) {
	case SVSM_PROTOCOL_CORE:
		*minimum = *maximum = SVSM_CORE_VERSION;
		return true;
	case SVSM_PROTOCOL_ATTEST:
		*minimum = *maximum = SVSM_ATTEST_VERSION;
		return protocol_attest_offered();
	case SVSM_PROTOCOL_VTPM:
		*minimum = *maximum = SVSM_VTPM_VERSION;
		return door_is_open(SVSM_PROTOCOL_VTPM);
	default:
		return false;
	}
}

int protocol_reset(void)
{
	return door_reset();
}

uint64_t protocol_result(int error)
{
	switch (error) {
	case 0:
		return SVSM_SUCCESS;
	case ERR_INVALID:
	case ERR_FORMAT:
	case ERR_OVERFLOW:
		return SVSM_ERR_INVALID_PARAMETER;
	case ERR_ADDRESS:
	case ERR_FAULT:
		return SVSM_ERR_INVALID_ADDRESS;
	case ERR_BUSY:
		return SVSM_ERR_BUSY;
	case ERR_INCOMPLETE:
		return SVSM_ERR_INCOMPLETE;
	case ERR_UNSUPPORTED:
		return SVSM_ERR_UNSUPPORTED_CALL;
	default:
		return SVSM_ERR_INVALID_REQUEST;
	}
}

void protocol_call(struct vcpu *vcpu, struct vcpu_call *call)
{
	uint32_t protocol = (uint32_t)(call->rax >> 32);
	uint32_t number = (uint32_t)call->rax;

	switch (protocol) {
	case SVSM_PROTOCOL_CORE:
		call->rax = protocol_core(vcpu, number, call);
		break;
	case SVSM_PROTOCOL_ATTEST:
		call->rax = protocol_attest(number, call);
		break;
	case SVSM_PROTOCOL_VTPM:
		call->rax = protocol_vtpm(number, call);
		break;
	default:
		call->rax = protocol >= PROTOCOL_TEST_FIRST ? protocol_test(vcpu, protocol, call) :
							      SVSM_ERR_UNSUPPORTED_PROTOCOL;
		break;
	}
}
