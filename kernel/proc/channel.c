/* SPDX-License-Identifier: MIT */
#include "kernel/mm/memory.h"
#include "kernel/proc/process.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"

struct channel {
	uint32_t servers, clients; /* handles that name an end; both 0: free */
};

static struct channel channels[CHANNEL_MAX];
static struct request requests[REQUEST_MAX];
static uint64_t last_number;

static void set_result(struct thread *thread, int result)
{
	thread->context->frame.rax = (uint64_t)(int64_t)result;
	thread->state = THREAD_READY;
}

/* ---- pages on the move ---- */

static void free_page(pa_t page)
{
	memset(paging_region_pointer(page), 0, PAGE_SIZE);
	memory_free(page, 1);
}

/* Takes the pages of a message out of the sender's space; all or none. */
static int take_pages(struct space *space, uint64_t address, uint32_t count, pa_t *page)
{
	uint32_t taken = 0;
	int error = 0;

	while (taken < count && error == 0) {
		error = space_take(space, va(address + taken * PAGE_SIZE), &page[taken]);
		taken += error == 0 ? 1u : 0u;
	}
	if (error == 0)
		return 0;
	/* The page table is still there: mapping again cannot fail. */
	for (uint32_t i = 0; i < taken; i++) {
		if (space_map(space, va(address + i * PAGE_SIZE), page[i], SPACE_WRITE, true, true) != 0)
			free_page(page[i]);
	}
	return error;
}

/* Maps the pages of a request into the receiver's space; all or none. */
static int give_pages(struct process *process, struct request *request, va_t *address)
{
	struct space *space = &process->space;
	uint32_t given = 0;
	int error = 0;

	*address = va(0);
	if (request->pages == 0)
		return 0;
	if (space->own_pages + request->pages > process->limit_pages + PROCESS_MESSAGE_PAGES)
		return ERR_NO_MEMORY;
	error = space_find(space, request->pages, address);
	while (given < request->pages && error == 0) {
		error = space_map(space, va(address->v + given * PAGE_SIZE), request->page[given], SPACE_WRITE, true, true);
		given += error == 0 ? 1u : 0u;
	}
	if (error == 0) {
		request->pages = 0;
		return 0;
	}
	for (uint32_t i = 0; i < given; i++) {
		if (space_take(space, va(address->v + i * PAGE_SIZE), &request->page[i]) != 0)
			break;
	}
	return ERR_NO_MEMORY;
}

/* ---- messages ---- */

static int read_message(struct thread *thread, va_t address, struct request *request)
{
	struct service_message message;
	struct space *space = &thread->process->space;
	int error = space_read(space, address, &message, sizeof(message));

	if (error != 0)
		return error;
	if (message.size > SERVICE_MESSAGE_MAX || message.pages > SERVICE_MESSAGE_PAGES_MAX)
		return ERR_INVALID;
	if (message.pages > 0) {
		error = take_pages(space, message.address, message.pages, request->page);
		if (error != 0)
			return error;
	}
	request->pages = message.pages;
	request->size = message.size;
	memcpy(request->data, message.data, message.size);
	return 0;
}

static int write_message(struct thread *thread, struct request *request)
{
	struct service_message message = { .size = request->size, .pages = request->pages };
	struct space *space = &thread->process->space;
	va_t address;
	/* A receiver that has no place for the message gets no pages either; what was written once can be written again. */
	int error = space_write(space, thread->message, &message, sizeof(message));

	if (error == 0)
		error = give_pages(thread->process, request, &address);
	if (error != 0)
		return error;
	message.address = address.v;
	memcpy(message.data, request->data, request->size);
	return space_write(space, thread->message, &message, sizeof(message));
}

/* ---- requests ---- */

struct request *request_by_index(uint32_t index)
{
	return &requests[index];
}

struct request *request_create(uint32_t channel, struct thread *caller)
{
	for (uint32_t i = 0; i < REQUEST_MAX; i++) {
		if (requests[i].state != REQUEST_FREE)
			continue;
		requests[i] = (struct request){ .state = REQUEST_QUEUED, .channel = channel, .caller = caller,
						.number = ++last_number };
		return &requests[i];
	}
	return NULL;
}

void request_free(struct request *request)
{
	for (uint32_t i = 0; i < request->pages; i++)
		free_page(request->page[i]);
	memset(request, 0, sizeof(*request));
}

void request_abandon(struct request *request)
{
	request->caller = NULL;
	if (request->state == REQUEST_TAKEN)
		request->abandoned = true;
	else
		request_free(request);
}

/* The request has its answer, or never will: hands it to whoever waits. */
static void complete(struct request *request, bool failed)
{
	struct thread *caller = request->caller;

	if (request->abandoned) {
		request_free(request);
		return;
	}
	request->state = failed ? REQUEST_FAILED : REQUEST_DONE;
	if (caller == NULL)
		return; /* the monitor fetches it */
	set_result(caller, failed ? ERR_STATE : write_message(caller, request));
	request_free(request);
}

/* Hands a queued request to a thread that receives. False: the thread could not take it, and knows. */
static bool deliver(struct request *request, struct thread *thread)
{
	int error = write_message(thread, request);

	set_result(thread, error);
	if (error != 0)
		return false;
	request->state = REQUEST_TAKEN;
	thread->taken = request;
	thread->process->run_time = 0;
	return true;
}

void request_send(struct request *request)
{
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		struct thread *thread = thread_by_index(i);

		if (thread->state == THREAD_RECEIVING && thread->channel == request->channel && deliver(request, thread))
			return;
	}
}

static struct request *first_queued(uint32_t channel)
{
	struct request *first = NULL;

	for (uint32_t i = 0; i < REQUEST_MAX; i++) {
		struct request *request = &requests[i];

		if (request->state == REQUEST_QUEUED && request->channel == channel &&
		    (first == NULL || request->number < first->number))
			first = request;
	}
	return first;
}

/* ---- channels ---- */

int channel_create(uint32_t *index)
{
	for (uint32_t i = 0; i < CHANNEL_MAX; i++) {
		if (channels[i].servers == 0 && channels[i].clients == 0) {
			*index = i;
			return 0;
		}
	}
	return ERR_NO_MEMORY;
}

void channel_retain(struct handle end)
{
	if (end.type == HANDLE_SERVER)
		channels[end.index].servers++;
	else if (end.type == HANDLE_CLIENT)
		channels[end.index].clients++;
}

static void fail_queued(uint32_t channel)
{
	struct request *request;

	while ((request = first_queued(channel)) != NULL)
		complete(request, true);
}

static void fail_receivers(uint32_t channel)
{
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		struct thread *thread = thread_by_index(i);

		if (thread->state == THREAD_RECEIVING && thread->channel == channel)
			set_result(thread, ERR_STATE);
	}
}

void channel_release(struct handle end)
{
	_Static_assert(PROCESS_MAX <= CHANNEL_MAX, "the index of any handle is one of a channel");
	struct channel *channel = &channels[end.index];

	if (end.type == HANDLE_SERVER && --channel->servers == 0)
		fail_queued(end.index);
	else if (end.type == HANDLE_CLIENT && --channel->clients == 0)
		fail_receivers(end.index);
}

void channel_leave(const struct process *process, uint32_t index)
{
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		struct thread *thread = thread_by_index(i);
		struct request *taken = thread->taken;

		if (thread->state == THREAD_FREE || thread->process != process)
			continue;
		if (thread->state == THREAD_RECEIVING && thread->channel == index)
			set_result(thread, ERR_STATE);
		if (taken == NULL || taken->channel != index)
			continue;
		thread->taken = NULL;
		complete(taken, true);
	}
}

bool channel_has_server(uint32_t index)
{
	return channels[index].servers != 0;
}

/* ---- system calls ---- */

int channel_call(struct thread *thread, uint32_t channel, va_t message)
{
	struct request *request;
	int error;

	if (channels[channel].servers == 0)
		return ERR_STATE;
	request = request_create(channel, thread);
	if (request == NULL)
		return ERR_BUSY;
	error = read_message(thread, message, request);
	if (error != 0) {
		request_free(request);
		return error;
	}
	thread->message = message;
	thread->state = THREAD_CALLING;
	request_send(request);
	return 0;
}

int channel_receive(struct thread *thread, uint32_t channel, va_t message)
{
	struct request *request = first_queued(channel);

	if (thread->taken != NULL) {
		/* The service goes on without having answered: its caller learns that it never will. */
		struct request *left = thread->taken;

		thread->taken = NULL;
		complete(left, true);
	}
	thread->message = message;
	if (request != NULL) {
		/* The result is set by deliver(); a request that cannot be taken waits for the next try. */
		(void)deliver(request, thread);
		return 0;
	}
	if (channels[channel].clients == 0)
		return ERR_STATE;
	thread->channel = channel;
	thread->state = THREAD_RECEIVING;
	return 0;
}

int channel_reply(struct thread *thread, uint32_t channel, va_t message)
{
	struct request *request = thread->taken;
	int error;

	if (request == NULL || request->channel != channel)
		return ERR_STATE;
	if (request->abandoned) {
		thread->taken = NULL;
		request_free(request);
		return ERR_STATE;
	}
	error = read_message(thread, message, request);
	if (error != 0)
		return error;
	thread->taken = NULL;
	complete(request, false);
	return 0;
}

void channel_thread_ends(struct thread *thread)
{
	struct request *taken = thread->taken;

	thread->taken = NULL;
	if (taken != NULL)
		complete(taken, true);
	for (uint32_t i = 0; i < REQUEST_MAX; i++) {
		if (requests[i].state != REQUEST_FREE && requests[i].caller == thread)
			request_abandon(&requests[i]);
	}
}
