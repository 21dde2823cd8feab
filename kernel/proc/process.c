/* SPDX-License-Identifier: MIT */
#include "kernel/proc/process.h"

#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/proc/door.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"

#define LIMIT_MAX (16ull << 20)
#define RUN_LIMIT_DEFAULT_MS 60000ull
#define RUN_LIMIT_MAX_MS 600000ull

struct spinlock services_lock;
struct archive services_archive;
uint64_t services_archive_base;

static struct process processes[PROCESS_MAX];
static struct thread threads[THREAD_MAX];
static uint32_t threads_end; /* above the highest index that was ever used */

struct thread *thread_by_index(uint32_t index)
{
	return &threads[index];
}

uint32_t thread_index_end(void)
{
	return threads_end;
}

struct process *process_by_index(uint32_t index)
{
	return &processes[index];
}

uint32_t process_index(const struct process *process)
{
	return (uint32_t)(process - processes);
}

/* ---- handles ---- */

const struct handle *handle_find(const struct process *process, uint64_t number, enum handle_type type)
{
	if (number >= SERVICE_HANDLES_MAX || process->handle[number].type != type)
		return NULL;
	return &process->handle[number];
}

int handle_add(struct process *process, struct handle handle)
{
	for (int i = 0; i < (int)SERVICE_HANDLES_MAX; i++) {
		if (process->handle[i].type != HANDLE_NONE)
			continue;
		process->handle[i] = handle;
		channel_retain(handle);
		return i;
	}
	return ERR_NO_MEMORY;
}

void handle_close(struct process *process, uint32_t number)
{
	struct handle handle = process->handle[number];

	process->handle[number] = (struct handle){ .type = HANDLE_NONE };
	if (handle.type == HANDLE_SERVER)
		channel_leave(process, handle.index);
	channel_release(handle);
	if (handle.type == HANDLE_PROCESS && processes[handle.index].parent == process) {
		processes[handle.index].parent = NULL;
		if (processes[handle.index].state == PROCESS_ENDED)
			processes[handle.index].state = PROCESS_FREE;
	}
}

/* ---- threads ---- */

int thread_create(struct process *process, va_t entry, va_t stack, uint64_t argument)
{
	struct thread *thread = NULL;
	pa_t frame;

	for (uint32_t i = 0; i < THREAD_MAX && thread == NULL; i++) {
		if (threads[i].state == THREAD_FREE)
			thread = &threads[i];
	}
	if (thread == NULL || process->threads == PROCESS_THREADS_MAX || memory_allocate(1, &frame) != 0)
		return ERR_NO_MEMORY;
	*thread = (struct thread){ .state = THREAD_READY, .process = process,
				   .context = paging_region_pointer(frame) };
	if ((uint32_t)(thread - threads) >= threads_end)
		threads_end = (uint32_t)(thread - threads) + 1u;
	user_context_init(thread->context, entry, stack);
	thread->context->frame.rdi = argument;
	process->threads++;
	return 0;
}

void thread_end(struct thread *thread)
{
	channel_thread_ends(thread);
	thread->process->threads--;
	memset(thread->context, 0, sizeof(*thread->context));
	memory_free(paging_region_pa(thread->context), 1);
	*thread = (struct thread){ .state = THREAD_FREE };
}

/* ---- processes ---- */

int process_add_page(struct process *process, va_t address, enum space_access access, bool movable)
{
	pa_t frame;
	int error;

	if (process->space.own_pages >= process->limit_pages)
		return ERR_NO_MEMORY;
	error = memory_allocate(1, &frame);
	if (error != 0)
		return error;
	error = space_map(&process->space, address, frame, access, true, movable);
	if (error != 0)
		memory_free(frame, 1);
	return error;
}

static uint64_t run_limit(uint64_t milliseconds)
{
	uint64_t limit = milliseconds == 0 ? RUN_LIMIT_DEFAULT_MS : milliseconds;

	return (limit < RUN_LIMIT_MAX_MS ? limit : RUN_LIMIT_MAX_MS) * platform_ticks_per_ms();
}

static struct process *find_free(void)
{
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		if (processes[i].state == PROCESS_FREE)
			return &processes[i];
	}
	return NULL;
}

int process_create(const struct service_start *start, const char *environment, const struct handle *handles,
		   struct process *parent, struct process **out)
{
	struct process *process = find_free();
	va_t entry, stack;
	int error;

	if (process == NULL)
		return ERR_NO_MEMORY;
	if (start->memory_limit > LIMIT_MAX || start->handle_count > SERVICE_HANDLES_MAX)
		return ERR_INVALID;
	*process = (struct process){ .state = PROCESS_RUNNING, .parent = parent,
				     .limit_pages = start->memory_limit / PAGE_SIZE,
				     .run_limit = parent == NULL ? UINT64_MAX : run_limit(start->run_limit) };
	memcpy(process->name, start->name, sizeof(process->name));
	process->name[SERVICE_NAME_MAX - 1] = 0;
	error = space_create(&process->space);
	if (error != 0)
		goto out_free;
	error = loader_load(process, start, environment, &entry, &stack);
	if (error == 0)
		error = thread_create(process, entry, stack, 0);
	if (error != 0)
		goto out_destroy;
	for (uint32_t i = 0; i < start->handle_count; i++) {
		process->handle[i] = handles[i];
		channel_retain(handles[i]);
	}
	*out = process;
	return 0;

out_destroy:
	space_destroy(&process->space);
out_free:
	process->state = PROCESS_FREE;
	return error;
}

static void log_end(const struct process *process)
{
	if (process->exit_reason == SERVICE_EXIT_FAULT)
		log_line("service %s ended: exception %lld", process->name, (long long)process->exit_code);
	else if (process->exit_reason == SERVICE_EXIT_LIMIT)
		log_line("service %s ended: it took more than its processor time", process->name);
	else
		log_line("service %s ended: code %lld", process->name, (long long)process->exit_code);
}

/* Its children run on, but nobody waits for them any more. */
static void orphan_children(const struct process *process)
{
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		if (processes[i].state == PROCESS_FREE || processes[i].parent != process)
			continue;
		processes[i].parent = NULL;
		if (processes[i].state == PROCESS_ENDED)
			processes[i].state = PROCESS_FREE;
	}
}

void process_end(struct process *process, uint32_t reason, int64_t code)
{
	process->exit_reason = reason;
	process->exit_code = code;
	log_end(process);
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		if (threads[i].state != THREAD_FREE && threads[i].process == process)
			thread_end(&threads[i]);
	}
	orphan_children(process);
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		handle_close(process, i);
	space_destroy(&process->space);
	process->state = process->parent != NULL ? PROCESS_ENDED : PROCESS_FREE;
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		if (threads[i].state == THREAD_WAITING && threads[i].process == process->parent)
			threads[i].state = THREAD_READY; /* it repeats its system call */
	}
}
