/* SPDX-License-Identifier: MIT */
/*
 * The monitor's vTPM calls between a hostile guest and a hostile service. Memory faults, and is short. Only
 * well-formed commands reach the service, and nothing but the command; what the guest gets is the service's answer and no
 * byte more; a call that fails writes nothing.
 */
#include "tests/mock/mock.h"
#include "tests/mock/vtpm.h"

#include <stdlib.h>
#include <string.h>

#include "abi/svsm.h"
#include "kernel/protocol/protocol.h"

#define BASE 0x00110000ull
#define PAGES 4u
#define GIVEN 3u /* the last page is not the guest's */
#define COMMAND_MAX 4087u
#define RESPONSE_MAX 4092u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
	uint8_t number, page, flags, fault, frames;
	uint16_t low;
	uint32_t platform_command;
	uint8_t locality;
	uint32_t size;
	uint32_t reply_size, reply_error;
	uint64_t raw;
};

static uint8_t memory[PAGES * PAGE_SIZE]; /* the guest's, as it was before the call */
static bool pending;                      /* a command is being worked on */
static bool dropped;                      /* the service may still be working on one that nobody waits for */

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t buffer_of(const struct step *step)
{
	if (step->page == 0xFF)
		return step->raw;
	return BASE + step->page % PAGES * PAGE_SIZE + ((step->flags & 1u) != 0 ? step->low % PAGE_SIZE : 0);
}

static bool owns(uint64_t buffer)
{
	return buffer >= BASE && buffer <= BASE + (GIVEN - 1u) * PAGE_SIZE;
}

static void write_request(const struct step *step, uint64_t buffer)
{
	struct svsm_vtpm_request request = { .platform_command = (step->flags & 2u) != 0 ? step->platform_command : 8,
					     .locality = (step->flags & 4u) != 0 ? step->locality : 0,
					     .size = (step->flags & 8u) != 0 ? step->size : step->size % (COMMAND_MAX + 2u) };

	uint64_t room = BASE + GIVEN * PAGE_SIZE - buffer;

	if (buffer < BASE || buffer >= BASE + GIVEN * PAGE_SIZE)
		return;
	memset(request.command, step->number + 1, sizeof(request.command));
	memcpy(mock_memory(buffer), &request, room < sizeof(request) ? room : sizeof(request));
}

static void script_service(const struct step *step)
{
	mock_vtpm_reply.size = (step->flags & 16u) != 0 ? step->reply_size : step->reply_size % (RESPONSE_MAX + 2u);
	mock_vtpm_reply.error = (int32_t)(step->flags >= 0xF0 ? step->reply_error : 0);
	mock_vtpm_slow = (step->flags & 32u) != 0;
	mock_vtpm_no_page = (step->frames & 64u) != 0;
	mock_vtpm_dies = (step->frames & 128u) != 0 && step->number == 7;
	for (uint32_t i = 0; i < PAGE_SIZE; i++)
		mock_manifest[i] = (uint8_t)(i + step->number);
}

/* What the service was given is the command of the guest's, zeros behind it, and nothing that the protocol refuses. */
static void check_asked(uint64_t buffer)
{
	struct svsm_vtpm_request request;

	memcpy(&request, memory + (buffer - BASE), sizeof(request));
	require(owns(buffer) && request.platform_command == 8 && request.locality == 0 && request.size <= COMMAND_MAX);
	require(mock_vtpm_request.size == request.size && mock_vtpm_request.locality == 0);
	require(memcmp(mock_vtpm_command, request.command, request.size) == 0);
	for (uint32_t i = request.size; i < PAGE_SIZE; i++)
		require(mock_vtpm_command[i] == 0);
}

static void check_answer(uint64_t buffer)
{
	uint8_t *expected = memory + (buffer - BASE);

	require(owns(buffer) && mock_vtpm_reply.size <= RESPONSE_MAX && mock_vtpm_reply.error == 0 && !mock_vtpm_no_page);
	memcpy(expected, &mock_vtpm_reply.size, 4);
	memcpy(expected + 4, mock_manifest, mock_vtpm_reply.size);
}

static void run_step(const struct step *step)
{
	uint64_t buffer = buffer_of(step), result;
	uint32_t asked = mock_vtpm_requests;
	struct vcpu_call call = { .rcx = buffer, .rdx = 5, .r8 = 6 };

	if (!pending)
		write_request(step, buffer);
	script_service(step);
	memcpy(memory, mock_memory(BASE), sizeof(memory));
	mock_fault_countdown = step->fault < 16 ? step->fault : 0;
	mock_frame_countdown = step->frames % 64u < 8 ? step->frames % 8u : 0;
	result = mock_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_CMD, &call);
	require(call.rcx == buffer && call.rdx == 5 && call.r8 == 6);
	require(result == SVSM_SUCCESS || result == SVSM_ERR_INVALID_PARAMETER || result == SVSM_ERR_UNSUPPORTED_CALL ||
		result == SVSM_ERR_INVALID_REQUEST || result == SVSM_ERR_BUSY || result == SVSM_ERR_INCOMPLETE);
	if (!pending && !dropped && mock_vtpm_requests != asked)
		check_asked(buffer);
	/* A fault in the middle of the answer leaves a part of it: no more than that. */
	if (result == SVSM_SUCCESS)
		check_answer(buffer);
	if (mock_fault_countdown == 0 && step->fault < 16 && step->fault != 0)
		memcpy(memory, mock_memory(BASE), sizeof(memory));
	require(memcmp(memory, mock_memory(BASE), sizeof(memory)) == 0);
	mock_fault_countdown = 0;
	mock_frame_countdown = 0;
	pending = result == SVSM_ERR_INCOMPLETE || result == SVSM_ERR_BUSY;
	dropped = dropped || pending;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool fresh;

	if (!fresh)
		mock_reset();
	fresh = true;
	mock_reset_states();
	memset(mock_memory(BASE), MOCK_RAM_FILL, sizeof(memory));
	for (uint64_t i = 0; i < GIVEN; i++)
		mock_give(BASE + i * PAGE_SIZE);
	mock_vtpm_start();
	pending = dropped = false;
	for (size_t at = 0; size - at >= sizeof(struct step); at += sizeof(struct step)) {
		struct step step;

		memcpy(&step, data + at, sizeof(step));
		run_step(&step);
	}
	return 0;
}
