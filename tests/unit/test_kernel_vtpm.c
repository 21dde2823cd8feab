/* SPDX-License-Identifier: MIT */
/* The vTPM protocol: commands go to the service as they are, bad ones do not, and a bad service is an error to the guest. */
#include "abi/svsm.h"
#include "kernel/proc/door.h"
#include "kernel/protocol/protocol.h"
#include "tests/mock/mock.h"
#include "tests/mock/vtpm.h"
#include "tests/mock/region.h"
#include "tests/unit/unit.h"

#define BUFFER 0x00110000ull
#define COMMAND_OFFSET offsetof(struct svsm_vtpm_request, command)
#define COMMAND_MAX sizeof(((struct svsm_vtpm_request *)0)->command)
#define RESPONSE_MAX sizeof(((struct svsm_vtpm_response *)0)->response)

static struct svsm_vtpm_request request;
static struct vcpu_call call;

static void start(void)
{
	mock_reset();
	mock_give(BUFFER);
	mock_give(BUFFER + PAGE_SIZE);
	mock_vtpm_start();
	request = (struct svsm_vtpm_request){ .platform_command = SVSM_VTPM_SEND_COMMAND, .size = 10 };
	for (uint32_t i = 0; i < COMMAND_MAX; i++)
		request.command[i] = (uint8_t)(i * 7 + 3);
}

static uint64_t issue(uint64_t address)
{
	call = (struct vcpu_call){ .rcx = address };
	return mock_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_CMD, &call);
}

static uint64_t send(void)
{
	memcpy(mock_memory(BUFFER), &request, sizeof(request));
	return issue(BUFFER);
}

/* The first of all: nothing is behind the door yet. */
TEST(no_service_no_protocol)
{
	mock_reset();
	CHECK_EQ(issue(BUFFER), SVSM_ERR_UNSUPPORTED_PROTOCOL);
}

TEST(query)
{
	start();
	call = (struct vcpu_call){ .rcx = 5, .rdx = 6 };
	CHECK_EQ(mock_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_QUERY, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 1u << SVSM_VTPM_SEND_COMMAND);
	CHECK_EQ(call.rdx, 0);
	CHECK_EQ(mock_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_CMD + 1u, &call), SVSM_ERR_UNSUPPORTED_CALL);
}

TEST(a_command_and_its_response)
{
	uint32_t size;

	start();
	mock_memory(BUFFER + PAGE_SIZE)[0] = 0x3C;
	CHECK_EQ(send(), SVSM_SUCCESS);
	CHECK_EQ(mock_vtpm_request.op, SERVICE_OP_VTPM_COMMAND);
	CHECK_EQ(mock_vtpm_request.locality, 0);
	CHECK_EQ(mock_vtpm_request.size, 10);
	CHECK_EQ(memcmp(mock_vtpm_command, request.command, 10), 0);
	CHECK_EQ(mock_vtpm_command[10], 0); /* what lies behind the command stays with the guest */
	memcpy(&size, mock_memory(BUFFER), sizeof(size));
	CHECK_EQ(size, 314);
	CHECK_EQ(memcmp(mock_memory(BUFFER + sizeof(size)), mock_manifest, 314), 0);
	CHECK_EQ(mock_memory(BUFFER + sizeof(size))[314], request.command[314 + sizeof(size) - COMMAND_OFFSET]);
	CHECK_EQ(mock_memory(BUFFER + PAGE_SIZE)[0], 0x3C);
}

TEST(sizes)
{
	start();
	request.size = COMMAND_MAX;
	mock_vtpm_reply.size = RESPONSE_MAX;
	CHECK_EQ(send(), SVSM_SUCCESS);
	CHECK_EQ(memcmp(mock_vtpm_command, request.command, COMMAND_MAX), 0);
	CHECK_EQ(memcmp(mock_memory(BUFFER + 4), mock_manifest, RESPONSE_MAX), 0);
	request.size = 0;
	CHECK_EQ(send(), SVSM_SUCCESS);
	CHECK_EQ(mock_vtpm_request.size, 0);
	request.size = COMMAND_MAX + 1;
	CHECK_EQ(send(), SVSM_ERR_INVALID_PARAMETER);
	request.size = ~0u;
	CHECK_EQ(send(), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(mock_vtpm_requests, 2);
}

TEST(fields_that_are_bad)
{
	start();
	request.locality = 1;
	CHECK_EQ(send(), SVSM_ERR_INVALID_PARAMETER);
	request.locality = 0;
	request.platform_command = 31;
	CHECK_EQ(send(), SVSM_ERR_UNSUPPORTED_CALL);
	request.platform_command = 32;
	CHECK_EQ(send(), SVSM_ERR_INVALID_PARAMETER);
	request.platform_command = SVSM_VTPM_SEND_COMMAND + 1u;
	CHECK_EQ(send(), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(mock_vtpm_requests, 0);
}

TEST(buffers_that_are_bad)
{
	start();
	memcpy(mock_memory(BUFFER), &request, sizeof(request));
	CHECK_EQ(issue(0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(issue(~0ull), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(issue(~0ull - PAGE_MASK + 1), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(issue(BUFFER - PAGE_SIZE), SVSM_ERR_INVALID_PARAMETER); /* not validated */
	CHECK_EQ(issue(MONITOR_GPA), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(mock_vtpm_requests, 0);
}

/* Over the end of a page, into one that is the guest's and into one that is not. */
TEST(a_buffer_in_two_pages)
{
	uint64_t at = BUFFER + 2 * PAGE_SIZE - 12;

	start();
	mock_give(BUFFER + 2 * PAGE_SIZE);
	memcpy(mock_memory(at), &request, COMMAND_OFFSET + request.size);
	CHECK_EQ(issue(at), SVSM_SUCCESS);
	CHECK_EQ(memcmp(mock_vtpm_command, request.command, 10), 0);
	CHECK_EQ(memcmp(mock_memory(at + 4), mock_manifest, 314), 0);
	start();
	memcpy(mock_memory(at), &request, COMMAND_OFFSET + request.size);
	CHECK_EQ(issue(at), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(mock_vtpm_requests, 0);
}

TEST(services_that_are_bad)
{
	start();
	mock_vtpm_reply.size = RESPONSE_MAX + 1;
	CHECK_EQ(send(), SVSM_ERR_INVALID_REQUEST);
	CHECK_EQ(memcmp(mock_memory(BUFFER), &request, sizeof(request)), 0);
	start();
	mock_vtpm_reply.error = ERR_STATE;
	CHECK_EQ(send(), SVSM_ERR_INVALID_REQUEST);
	start();
	mock_vtpm_no_page = true;
	CHECK_EQ(send(), SVSM_ERR_INVALID_REQUEST);
	start();
	mock_vtpm_dies = true;
	CHECK(send() != SVSM_SUCCESS);
	CHECK_EQ(memcmp(mock_memory(BUFFER), &request, sizeof(request)), 0);
}

TEST(no_memory_is_no_end)
{
	start();
	mock_frame_countdown = 1;
	CHECK_EQ(send(), SVSM_ERR_BUSY);
	mock_frame_countdown = 0;
	CHECK_EQ(send(), SVSM_SUCCESS);
}

/* A long command is taken up again by the same call, and runs once. */
TEST(a_slow_command)
{
	start();
	mock_vtpm_slow = true;
	CHECK_EQ(send(), SVSM_ERR_INCOMPLETE);
	CHECK_EQ(send(), SVSM_ERR_INCOMPLETE);
	mock_vtpm_slow = false;
	CHECK_EQ(send(), SVSM_SUCCESS);
	CHECK_EQ(mock_vtpm_requests, 1);
	CHECK_EQ(memcmp(mock_memory(BUFFER + 4), mock_manifest, 314), 0);
}

/* The counters of a test image; no other image has them. */
TEST(counters_of_test_images)
{
	struct vcpu *vcpu = vcpu_by_index(0);

	start();
	protocol_test_enabled = false;
	call = (struct vcpu_call){ .rcx = TEST_MONITOR_MEMORY };
	CHECK_EQ(mock_call(PROTOCOL_TEST_MONITOR, 0, &call), SVSM_ERR_UNSUPPORTED_PROTOCOL);
	CHECK_EQ(protocol_test(vcpu, SVSM_PROTOCOL_VTPM, &call), SVSM_ERR_UNSUPPORTED_PROTOCOL);
	protocol_test_enabled = true;
	call.rcx = TEST_MONITOR_MEMORY;
	CHECK_EQ(protocol_test(vcpu, PROTOCOL_TEST_MONITOR, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, mock_frames_used * PAGE_SIZE);
	vcpu->stays.count[STAY_BUCKETS - 1u] = 77;
	call = (struct vcpu_call){ .rcx = TEST_MONITOR_STAYS, .rdx = STAY_BUCKETS - 1u };
	CHECK_EQ(protocol_test(vcpu, PROTOCOL_TEST_MONITOR, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 77);
	call = (struct vcpu_call){ .rcx = TEST_MONITOR_STAYS, .rdx = STAY_BUCKETS };
	CHECK_EQ(protocol_test(vcpu, PROTOCOL_TEST_MONITOR, &call), SVSM_ERR_INVALID_PARAMETER);
	call = (struct vcpu_call){ .rcx = TEST_MONITOR_STAYS + 1u };
	CHECK_EQ(protocol_test(vcpu, PROTOCOL_TEST_MONITOR, &call), SVSM_ERR_INVALID_PARAMETER);
	protocol_test_enabled = false;
}
