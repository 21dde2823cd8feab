/* SPDX-License-Identifier: MIT */
/* The system calls of abi/service.h: arguments are checked here, what they do is done elsewhere. */
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/proc/door.h"
#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"
#include "lib/wipe.h"

#define SYSCALL_LENGTH 2u
#define MAP_SIZE_MAX (16ull << 20)

typedef int64_t system_call(struct thread *thread, const uint64_t argument[4]);

/* True: the thread is still there and runs on with the result in RAX. */
static bool is_ready(const struct thread *thread)
{
	return thread->state == THREAD_READY;
}

/* ---- any process ---- */

static int64_t call_exit(struct thread *thread, const uint64_t argument[4])
{
	process_end(thread->process, SERVICE_EXIT_CODE, (int64_t)argument[0]);
	return 0;
}

/* What a service logs is text of one line: the console belongs to the reader. */
static int64_t call_log(struct thread *thread, const uint64_t argument[4])
{
	char text[SERVICE_LOG_MAX + 1];

	if (handle_find(thread->process, argument[0], HANDLE_LOG) == NULL || argument[2] == 0 ||
	    argument[2] > SERVICE_LOG_MAX)
		return ERR_INVALID;
	if (space_read(&thread->process->space, va(argument[1]), text, argument[2]) != 0)
		return ERR_ADDRESS;
	for (uint64_t i = 0; i < argument[2]; i++) {
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	}
	text[argument[2]] = 0;
	log_line("%s: %s", thread->process->name, text);
	return 0;
}

static int64_t call_clock(struct thread *thread, const uint64_t argument[4])
{
	(void)thread;
	(void)argument;
	return (int64_t)(services_clock() & INT64_MAX);
}

static int64_t call_random(struct thread *thread, const uint64_t argument[4])
{
	uint8_t bytes[SERVICE_RANDOM_MAX];
	int error;

	if (handle_find(thread->process, argument[0], HANDLE_RANDOM) == NULL || argument[2] == 0 ||
	    argument[2] > SERVICE_RANDOM_MAX)
		return ERR_INVALID;
	if (entropy_get(bytes, argument[2]) != 0)
		return ERR_FAULT;
	error = space_write(&thread->process->space, va(argument[1]), bytes, argument[2]);
	wipe(bytes, sizeof(bytes));
	return error;
}

static int64_t call_yield(struct thread *thread, const uint64_t argument[4])
{
	(void)thread;
	(void)argument;
	return 0;
}

static void unmap(struct process *process, uint64_t start, uint64_t size)
{
	for (uint64_t at = start; at < start + size; at += PAGE_SIZE) {
		pa_t frame;

		if (space_take(&process->space, va(at), &frame) != 0)
			continue;
		memset(paging_region_pointer(frame), 0, PAGE_SIZE);
		memory_free(frame, 1);
	}
}

static int64_t call_memory_map(struct thread *thread, const uint64_t argument[4])
{
	struct process *process = thread->process;
	uint64_t size = argument[0];
	va_t start;

	if (size == 0 || size > MAP_SIZE_MAX)
		return ERR_INVALID;
	size = align_up(size, PAGE_SIZE);
	if (process->space.own_pages + size / PAGE_SIZE > process->limit_pages)
		return ERR_NO_MEMORY;
	if (space_find(&process->space, size / PAGE_SIZE, &start) != 0)
		return ERR_NO_MEMORY;
	for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
		if (process_add_page(process, va(start.v + done), SPACE_WRITE, true) != 0) {
			unmap(process, start.v, done);
			return ERR_NO_MEMORY;
		}
	}
	return (int64_t)start.v;
}

static int64_t call_memory_unmap(struct thread *thread, const uint64_t argument[4])
{
	const struct space *space = &thread->process->space;

	if (!is_aligned(argument[0] | argument[1], PAGE_SIZE) ||
	    !range_within(argument[0], argument[1], SPACE_START, SPACE_END))
		return ERR_INVALID;
	for (uint64_t at = argument[0]; at < argument[0] + argument[1]; at += PAGE_SIZE) {
		if (!space_is_movable(space, va(at)))
			return ERR_ADDRESS;
	}
	unmap(thread->process, argument[0], argument[1]);
	return 0;
}

static bool is_user_address(uint64_t address)
{
	return address >= SPACE_START && address < SPACE_END;
}

static int64_t call_set_tls(struct thread *thread, const uint64_t argument[4])
{
	if (!is_user_address(argument[0]))
		return ERR_ADDRESS;
	thread->context->fs_base = argument[0];
	return 0;
}

static int64_t call_set_upcall(struct thread *thread, const uint64_t argument[4])
{
	if (argument[0] != 0 && !is_user_address(argument[0]))
		return ERR_ADDRESS;
	thread->process->upcall = va(argument[0]);
	return 0;
}

static int64_t call_thread_create(struct thread *thread, const uint64_t argument[4])
{
	if (!is_user_address(argument[0]) || !is_user_address(argument[1]))
		return ERR_ADDRESS;
	return thread_create(thread->process, va(argument[0]), va(argument[1]), argument[2]);
}

static int64_t call_thread_exit(struct thread *thread, const uint64_t argument[4])
{
	(void)argument;
	if (thread->process->threads == 1)
		process_end(thread->process, SERVICE_EXIT_CODE, 0);
	else
		thread_end(thread);
	return 0;
}

static int64_t call_handle_close(struct thread *thread, const uint64_t argument[4])
{
	if (argument[0] >= SERVICE_HANDLES_MAX || thread->process->handle[argument[0]].type == HANDLE_NONE)
		return ERR_INVALID;
	handle_close(thread->process, (uint32_t)argument[0]);
	return 0;
}

/* ---- channels ---- */

static int64_t call_call(struct thread *thread, const uint64_t argument[4])
{
	const struct handle *handle = handle_find(thread->process, argument[0], HANDLE_CLIENT);

	return handle == NULL ? ERR_INVALID : channel_call(thread, handle->index, va(argument[1]));
}

static int64_t call_receive(struct thread *thread, const uint64_t argument[4])
{
	const struct handle *handle = handle_find(thread->process, argument[0], HANDLE_SERVER);

	return handle == NULL ? ERR_INVALID : channel_receive(thread, handle->index, va(argument[1]));
}

static int64_t call_reply(struct thread *thread, const uint64_t argument[4])
{
	const struct handle *handle = handle_find(thread->process, argument[0], HANDLE_SERVER);

	return handle == NULL ? ERR_INVALID : channel_reply(thread, handle->index, va(argument[1]));
}

/* ---- the first process ---- */

static int64_t call_channel_create(struct thread *thread, const uint64_t argument[4])
{
	struct process *process = thread->process;
	int32_t number[2];
	uint32_t index;
	int error;

	if (handle_find(process, SERVICE_INIT_DOOR, HANDLE_DOOR) == NULL)
		return ERR_PERMISSION;
	error = channel_create(&index);
	if (error != 0)
		return error;
	number[0] = handle_add(process, (struct handle){ HANDLE_SERVER, index });
	if (number[0] < 0)
		return number[0];
	number[1] = handle_add(process, (struct handle){ HANDLE_CLIENT, index });
	if (number[1] < 0) {
		handle_close(process, (uint32_t)number[0]);
		return number[1];
	}
	error = space_write(&process->space, va(argument[0]), number, sizeof(number));
	if (error != 0) {
		handle_close(process, (uint32_t)number[0]);
		handle_close(process, (uint32_t)number[1]);
	}
	return error;
}

static void unmap_file(struct space *space, va_t start, uint64_t size)
{
	for (uint64_t done = 0; done < size; done += PAGE_SIZE)
		space_unmap(space, va(start.v + done));
}

/* All pages of a file of the archive, or none. */
static int map_file(struct space *space, va_t start, uint64_t offset, uint64_t size)
{
	for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
		int error = space_map(space, va(start.v + done), pa(services_archive_base + offset + done), SPACE_READ,
				      false, false);

		if (error != 0) {
			unmap_file(space, start, done);
			return error;
		}
	}
	return 0;
}

static int64_t call_file_map(struct thread *thread, const uint64_t argument[4])
{
	struct process *process = thread->process;
	char name[SERVICE_NAME_MAX];
	struct service_file file;
	uint64_t offset;
	va_t start;
	int error;

	if (handle_find(process, argument[0], HANDLE_ARCHIVE) == NULL)
		return ERR_INVALID;
	if (space_read(&process->space, va(argument[1]), name, sizeof(name)) != 0)
		return ERR_ADDRESS;
	name[sizeof(name) - 1] = 0;
	error = archive_find(&services_archive, name, &offset, &file.size);
	if (error == 0 && file.size > SPACE_END)
		error = ERR_NO_MEMORY;
	if (error == 0)
		error = space_find(&process->space, align_up(file.size, PAGE_SIZE) / PAGE_SIZE + 1u, &start);
	if (error == 0)
		error = map_file(&process->space, start, offset, file.size);
	if (error != 0)
		return error;
	file.address = start.v;
	error = space_write(&process->space, va(argument[2]), &file, sizeof(file));
	if (error != 0)
		unmap_file(&process->space, start, file.size);
	return error;
}

/* Handles that may be handed on. */
static int gather_handles(const struct process *process, const struct service_start *start, struct handle *handles)
{
	for (uint32_t i = 0; i < start->handle_count; i++) {
		uint32_t number = (uint32_t)start->handle[i];

		if (number >= SERVICE_HANDLES_MAX)
			return ERR_INVALID;
		handles[i] = process->handle[number];
		if (handles[i].type == HANDLE_NONE || handles[i].type == HANDLE_PROCESS)
			return ERR_INVALID;
	}
	return 0;
}

static int64_t call_process_start(struct thread *thread, const uint64_t argument[4])
{
	struct process *process = thread->process, *child;
	struct handle handles[SERVICE_HANDLES_MAX];
	char environment[SERVICE_ENVIRONMENT_MAX];
	struct service_start start;
	int error;

	if (handle_find(process, argument[0], HANDLE_ARCHIVE) == NULL)
		return ERR_INVALID;
	if (space_read(&process->space, va(argument[1]), &start, sizeof(start)) != 0)
		return ERR_ADDRESS;
	start.name[SERVICE_NAME_MAX - 1] = 0;
	start.file[SERVICE_NAME_MAX - 1] = 0;
	if (start.handle_count > SERVICE_HANDLES_MAX || start.environment_size > SERVICE_ENVIRONMENT_MAX)
		return ERR_INVALID;
	if (space_read(&process->space, va(start.environment), environment, start.environment_size) != 0)
		return ERR_ADDRESS;
	if (start.environment_size > 0 && environment[start.environment_size - 1] != 0)
		return ERR_INVALID;
	error = gather_handles(process, &start, handles);
	if (error == 0)
		error = process_create(&start, environment, handles, process, &child);
	if (error != 0)
		return error;
	error = handle_add(process, (struct handle){ HANDLE_PROCESS, process_index(child) });
	if (error < 0) {
		child->parent = NULL; /* there is no handle to wait with: nothing of it stays */
		process_end(child, SERVICE_EXIT_CODE, 0);
	}
	return error;
}

/* A child that has ended, as its starter's handle. */
static int find_ended(const struct process *process, struct service_exit *out, bool *children)
{
	*children = false;
	for (int32_t i = 0; i < (int32_t)SERVICE_HANDLES_MAX; i++) {
		const struct process *child;

		if (process->handle[i].type != HANDLE_PROCESS)
			continue;
		*children = true;
		child = process_by_index(process->handle[i].index);
		if (child->state != PROCESS_ENDED)
			continue;
		*out = (struct service_exit){ .handle = i, .reason = child->exit_reason, .code = child->exit_code };
		return 0;
	}
	return ERR_NOT_FOUND;
}

static int64_t call_process_wait(struct thread *thread, const uint64_t argument[4])
{
	struct process *process = thread->process;
	struct service_exit result;
	bool children;
	int error;

	if (find_ended(process, &result, &children) != 0) {
		if (!children)
			return ERR_STATE;
		/* Once a child has ended the thread repeats this call. */
		thread->context->frame.rip -= SYSCALL_LENGTH;
		thread->state = THREAD_WAITING;
		return 0;
	}
	error = space_write(&process->space, va(argument[0]), &result, sizeof(result));
	if (error == 0)
		handle_close(process, (uint32_t)result.handle);
	return error;
}

static int64_t call_publish(struct thread *thread, const uint64_t argument[4])
{
	const struct handle *client = handle_find(thread->process, argument[2], HANDLE_CLIENT);

	if (handle_find(thread->process, argument[0], HANDLE_DOOR) == NULL || client == NULL ||
	    argument[1] > UINT32_MAX)
		return ERR_INVALID;
	return door_publish((uint32_t)argument[1], *client);
}

static system_call *const system_calls[SYS_COUNT] = {
	[SYS_EXIT] = call_exit,
	[SYS_LOG] = call_log,
	[SYS_CLOCK] = call_clock,
	[SYS_RANDOM] = call_random,
	[SYS_YIELD] = call_yield,
	[SYS_MEMORY_MAP] = call_memory_map,
	[SYS_MEMORY_UNMAP] = call_memory_unmap,
	[SYS_SET_TLS] = call_set_tls,
	[SYS_SET_UPCALL] = call_set_upcall,
	[SYS_THREAD_CREATE] = call_thread_create,
	[SYS_THREAD_EXIT] = call_thread_exit,
	[SYS_HANDLE_CLOSE] = call_handle_close,
	[SYS_CALL] = call_call,
	[SYS_RECEIVE] = call_receive,
	[SYS_REPLY] = call_reply,
	[SYS_CHANNEL_CREATE] = call_channel_create,
	[SYS_FILE_MAP] = call_file_map,
	[SYS_PROCESS_START] = call_process_start,
	[SYS_PROCESS_WAIT] = call_process_wait,
	[SYS_PUBLISH] = call_publish,
};

void syscall_handle(struct thread *thread)
{
	struct trap_frame *frame = &thread->context->frame;
	const uint64_t argument[4] = { frame->rdi, frame->rsi, frame->rdx, frame->r10 };
	uint64_t number = frame->rax;
	int64_t result;

	if (number >= SYS_COUNT) {
		frame->rax = (uint64_t)(int64_t)ERR_UNSUPPORTED;
		return;
	}
	/* A call that waits, or that hands a message over itself, sets the result when it is known. */
	frame->rax = 0;
	result = system_calls[number](thread, argument);
	if (thread->state == THREAD_WAITING)
		frame->rax = number;
	else if (is_ready(thread) && result != 0)
		frame->rax = (uint64_t)result;
}
