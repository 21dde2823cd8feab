/* SPDX-License-Identifier: MIT */
#include "tests/mock/vtpm.h"

#include <stdlib.h>
#include <string.h>

#include "abi/svsm.h"
#include "kernel/proc/door.h"
#include "kernel/proc/process.h"

#define MESSAGE_VA (SPACE_START + PAGE_SIZE)

uint8_t mock_manifest[PAGE_SIZE];
struct vtpm_reply mock_vtpm_reply;
bool mock_vtpm_slow, mock_vtpm_dies, mock_vtpm_no_page;
uint32_t mock_vtpm_requests;
struct vtpm_request mock_vtpm_request;
uint8_t mock_vtpm_command[PAGE_SIZE];

static struct process *service;
static bool asked;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void call(struct user_context *context, uint64_t number)
{
	mock_system_call(context, number, 0, MESSAGE_VA, 0);
}

static void answer(struct user_context *context)
{
	struct service_message *message = space_pointer(&service->space, va(MESSAGE_VA), true);

	require(message != NULL && message->pages == 1 && message->size == sizeof(struct vtpm_request));
	memcpy(&mock_vtpm_request, message->data, sizeof(mock_vtpm_request));
	memcpy(mock_vtpm_command, space_pointer(&service->space, va(message->address), false), PAGE_SIZE);
	memcpy(space_pointer(&service->space, va(message->address), true), mock_manifest, PAGE_SIZE);
	message->size = sizeof(mock_vtpm_reply);
	memcpy(message->data, &mock_vtpm_reply, sizeof(mock_vtpm_reply));
	if (mock_vtpm_no_page)
		message->pages = 0;
	asked = false;
	mock_vtpm_requests++;
	call(context, SYS_REPLY);
}

static void run(struct user_context *context, uint64_t root)
{
	(void)root;
	if (!asked) {
		asked = true;
		call(context, SYS_RECEIVE);
	} else if (context->frame.rax != 0) {
		call(context, SYS_RECEIVE); /* nothing was received, for want of memory perhaps */
	} else if (mock_vtpm_dies) {
		context->frame.vector = VECTOR_PAGE_FAULT;
	} else if (mock_vtpm_slow) {
		context->frame.vector = VECTOR_TIMER;
	} else {
		answer(context);
	}
}

void mock_vtpm_start(void)
{
	uint32_t channel;

	if (service != NULL && service->state == PROCESS_RUNNING)
		process_end(service, SERVICE_EXIT_CODE, 0);
	service = process_by_index(0);
	require(channel_create(&channel) == 0);
	*service = (struct process){ .state = PROCESS_RUNNING, .name = "vtpm", .limit_pages = 64, .run_limit = ~0ull };
	require(space_create(&service->space) == 0);
	require(mock_code(service) == 0 && process_add_page(service, va(MESSAGE_VA), SPACE_WRITE, false) == 0);
	require(thread_create(service, va(SPACE_START), va(SPACE_START), 0) == 0);
	require(handle_add(service, (struct handle){ HANDLE_SERVER, channel }) == 0);
	require(door_publish(SVSM_PROTOCOL_VTPM, (struct handle){ HANDLE_CLIENT, channel }) == 0);
	mock_user = run;
	asked = false;
	mock_vtpm_slow = mock_vtpm_dies = mock_vtpm_no_page = false;
	mock_vtpm_requests = 0;
	mock_vtpm_reply = (struct vtpm_reply){ .error = 0, .size = 314 };
	for (uint32_t i = 0; i < PAGE_SIZE; i++)
		mock_manifest[i] = (uint8_t)(i * 5 + 1);
}
