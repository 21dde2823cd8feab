/* SPDX-License-Identifier: MIT */
/*
 * process.h - ring-3 processes, their threads, handles and channels.
 *
 * A process is an address space and a table of handles; it can reach nothing else. A thread is a set of registers; it
 * runs on whatever CPU serves the guest call (or the start) that there is work for. Requests go through channels: the
 * data is copied, pages move, and the caller waits until a server replies or ends.
 *
 * Thread states: READY (wants the CPU), RECEIVING (waits for a request), CALLING (waits for a reply), WAITING (for the end
 * of a child). Request states: QUEUED, TAKEN by a server thread, DONE, FAILED; a thread's request is freed when its
 * reply was delivered, the monitor's own when the monitor fetched it. Pages of a request belong to the request.
 *
 * Invariants: services_lock is held in all of this room, so that one CPU at a time works for services; a page is mapped in
 * at most one space or in one request; a process that has ended has no threads, handles or memory.
 * Bounds: PROCESS_MAX, THREAD_MAX, CHANNEL_MAX, REQUEST_MAX; memory of a process: its limit, PROCESS_MESSAGE_PAGES that
 * it received, a page for each thread, and page tables. No process can use up what another one needs: there are threads
 * and requests for all of them.
 */
#ifndef KERNEL_PROC_PROCESS_H
#define KERNEL_PROC_PROCESS_H

#include "abi/service.h"
#include "kernel/mm/space.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/user.h"
#include "lib/archive.h"
#include "lib/types.h"

#define PROCESS_MAX 12u
#define PROCESS_THREADS_MAX 4u
#define THREAD_MAX (PROCESS_MAX * PROCESS_THREADS_MAX)
#define CHANNEL_MAX 16u
/* One for each thread that calls, one for each that works for a caller that is gone, one for each door: never too few. */
#define REQUEST_MAX (2u * THREAD_MAX + DOOR_MAX)
#define DOOR_MAX 8u
/* Pages of messages that a process may hold beyond its limit, so that a full one can still answer. */
#define PROCESS_MESSAGE_PAGES ((uint64_t)PROCESS_THREADS_MAX * SERVICE_MESSAGE_PAGES_MAX)
#define PROCESS_STACK_TOP 0x3F000000ull
#define PROCESS_STACK_PAGES 24u

enum handle_type {
	HANDLE_NONE,
	HANDLE_LOG,
	HANDLE_RANDOM,
	HANDLE_ARCHIVE,
	HANDLE_DOOR,
	HANDLE_SERVER,  /* end of a channel; index: the channel */
	HANDLE_CLIENT,
	HANDLE_PROCESS, /* index: the process */
};

struct handle {
	enum handle_type type;
	uint32_t index;
};

enum process_state { PROCESS_FREE, PROCESS_RUNNING, PROCESS_ENDED };

struct process {
	enum process_state state;
	char name[SERVICE_NAME_MAX];
	struct space space;
	uint64_t limit_pages;
	struct handle handle[SERVICE_HANDLES_MAX];
	va_t upcall;
	uint32_t threads;
	struct process *parent; /* NULL: nobody waits for it */
	uint32_t exit_reason;   /* SERVICE_EXIT_*, once ENDED */
	int64_t exit_code;
	uint64_t run_limit;     /* ticks for one request; the first process has none */
	uint64_t run_time;      /* ticks in ring 3 since it took its last request, at most two slices a stay */
};

enum thread_state { THREAD_FREE, THREAD_READY, THREAD_RECEIVING, THREAD_CALLING, THREAD_WAITING };

struct request;

struct thread {
	enum thread_state state;
	struct process *process;
	struct user_context *context; /* a frame of its own */
	va_t message;                 /* where the request or reply goes that it waits for */
	uint32_t channel;             /* that it receives from */
	struct request *taken;        /* that it has to reply to */
};

enum request_state { REQUEST_FREE, REQUEST_QUEUED, REQUEST_TAKEN, REQUEST_DONE, REQUEST_FAILED };

struct request {
	enum request_state state;
	uint32_t channel;
	struct thread *caller; /* NULL: the monitor, or nobody any more (abandoned) */
	bool abandoned;        /* nobody waits for it */
	uint64_t number;       /* order of arrival */
	uint32_t size;
	uint32_t pages;
	uint8_t data[SERVICE_MESSAGE_MAX];
	pa_t page[SERVICE_MESSAGE_PAGES_MAX];
};

extern struct spinlock services_lock;
extern struct archive services_archive; /* the image's; empty when there is none */
extern uint64_t services_archive_base;  /* physical address of its first byte */

/* ---- processes (process.c) ---- */

/*
 * Makes a process from a file of the archive, with one thread. The handles are taken over as they are (references are
 * counted here). ERR_NOT_FOUND, ERR_FORMAT, ERR_NO_MEMORY, ERR_INVALID (limit); nothing is left behind then.
 */
int process_create(const struct service_start *start, const char *environment, const struct handle *handles,
		   struct process *parent, struct process **out) __must_check;

/* Ends it: threads, requests, handles and memory are gone; its parent learns of it. */
void process_end(struct process *process, uint32_t reason, int64_t code);

/* Another thread. ERR_NO_MEMORY. */
int thread_create(struct process *process, va_t entry, va_t stack, uint64_t argument) __must_check;
void thread_end(struct thread *thread);

struct thread *thread_by_index(uint32_t index);
/* All threads that there are have indices below this, at most THREAD_MAX. */
uint32_t thread_index_end(void);
struct process *process_by_index(uint32_t index);
uint32_t process_index(const struct process *process);

/* A handle of the given type. NULL: none. */
const struct handle *handle_find(const struct process *process, uint64_t number, enum handle_type type);
/* Puts a handle into the table; its number, or ERR_NO_MEMORY. The reference is counted. */
int handle_add(struct process *process, struct handle handle) __must_check;
void handle_close(struct process *process, uint32_t number);

/* Makes a zeroed page of the process's own at address, within its limit. ERR_NO_MEMORY, ERR_ADDRESS. */
int process_add_page(struct process *process, va_t address, enum space_access access, bool movable) __must_check;

/* ---- loading (loader.c) ---- */

/* Fills an empty space with the program and its first stack. ERR_NOT_FOUND, ERR_FORMAT, ERR_NO_MEMORY. */
int loader_load(struct process *process, const struct service_start *start, const char *environment, va_t *entry,
		va_t *stack) __must_check;

/* ---- channels (channel.c) ---- */

/* ERR_NO_MEMORY: too many. The channel has no ends yet. */
int channel_create(uint32_t *index) __must_check;
/* Counts an end. When the last server end goes, all its requests fail; a channel without ends is free. */
void channel_retain(struct handle end);
void channel_release(struct handle end);
/* A process gave up its server end: its threads no longer receive there, and what they have taken fails. */
void channel_leave(const struct process *process, uint32_t index);
/* Pins and unpins the channel as the door's target. */
bool channel_has_server(uint32_t index);

/* A new request without content. NULL: too many. */
struct request *request_create(uint32_t channel, struct thread *caller);
/* Gives it to a waiting server thread, or queues it. */
void request_send(struct request *request);
struct request *request_by_index(uint32_t index);
/* Frees a request and the pages that are still in it. */
void request_free(struct request *request);
/* Nobody waits for it any more: it is freed as soon as no server thread works on it. */
void request_abandon(struct request *request);

/* System calls on behalf of a thread: 0, an error, or the thread is no longer READY. */
int channel_call(struct thread *thread, uint32_t channel, va_t message) __must_check;
int channel_receive(struct thread *thread, uint32_t channel, va_t message) __must_check;
int channel_reply(struct thread *thread, uint32_t channel, va_t message) __must_check;

/* What is left of a thread's or process's requests when it ends. */
void channel_thread_ends(struct thread *thread);

/* ---- system calls (syscall.c) ---- */

/* The system call in the thread's registers. The thread may be gone afterwards. */
void syscall_handle(struct thread *thread);

/* ---- running (run.c) ---- */

/*
 * Runs threads until request (when not NULL) is DONE or FAILED, none is READY, or the CPU has worked for as many
 * milliseconds. True: nothing is left to do (or the request has an answer); false: the time is over.
 */
bool services_run(const struct request *request, uint32_t milliseconds);

/* Ticks since the start of the monitor's clock, in nanoseconds. */
uint64_t services_clock(void);

#endif
