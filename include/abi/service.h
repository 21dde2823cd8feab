/* SPDX-License-Identifier: MIT */
/*
 * service.h - what a ring-3 service sees of the monitor: its start, its system calls, its messages; and the archive
 * that it is loaded from.
 *
 * A service is a static ELF program. It starts like any program of the System V ABI: RSP points at argc, argv, the
 * environment and the auxiliary vector (AT_PAGESZ, AT_PHDR, AT_PHENT, AT_PHNUM, AT_ENTRY, AT_RANDOM). It owns nothing but
 * handles: small numbers that the monitor looks up in the process's table. The environment variable HANDLES names those
 * that it was started with: "log=0 random=1 vtpm=2". SECURE_BOOT is the mode that the policy demands (abi/policy.h).
 *
 * System calls: INT 0x80, number in RAX, arguments in RDI, RSI, RDX, R10. RAX returns the result: 0 or a positive value,
 * or a negative error code of lib/types.h. All other registers are kept. Every pointer is checked against the process's
 * own address space; a bad one gives ERR_ADDRESS. The instruction is exactly CD 80: with a prefix it ends the process,
 * like any other INT n. The SYSCALL instruction is not a system call of the monitor: it
 * continues at the process's upcall address (SYS_SET_UPCALL), or ends the process when there is none.
 */
#ifndef ABI_SERVICE_H
#define ABI_SERVICE_H

#include <stdint.h>

#define SERVICE_SYSCALL_VECTOR 0x80u

/* ---- any process ---- */

#define SYS_EXIT 0u          /* code: ends the process */
#define SYS_LOG 1u           /* log handle, text, length (1..SERVICE_LOG_MAX): one line of the monitor's log */
#define SYS_CLOCK 2u         /* nanoseconds since start, monotonic; the host can make it run fast or slow */
#define SYS_RANDOM 3u        /* random handle, buffer, length (1..SERVICE_RANDOM_MAX); ERR_FAULT: no entropy */
#define SYS_YIELD 4u         /* lets other threads run, and the guest when the time slice is over */
#define SYS_MEMORY_MAP 5u    /* size in bytes: address of new zeroed pages, writable, not executable; ERR_NO_MEMORY */
#define SYS_MEMORY_UNMAP 6u  /* address, size: whole pages that SYS_MEMORY_MAP gave or that came with a message */
#define SYS_SET_TLS 7u       /* FS base of the calling thread */
#define SYS_SET_UPCALL 8u    /* address where a SYSCALL instruction continues: RCX is the address behind it, all other
                                registers are as they were; 0: none */
#define SYS_THREAD_CREATE 9u /* entry, stack pointer, argument (RDI of the thread): 0; ERR_NO_MEMORY: too many threads */
#define SYS_THREAD_EXIT 10u  /* ends the calling thread; the last one ends the process with code 0 */
#define SYS_HANDLE_CLOSE 11u /* handle */

/* ---- channels ---- */

/*
 * A request goes from the client end of a channel to one thread that receives at its server end, and a reply goes back.
 * A message is at most SERVICE_MESSAGE_MAX bytes; with it may go whole pages, which leave the sender's address space
 * and appear in the receiver's.
 */
#define SYS_CALL 12u    /* client handle, message: sends it, waits, and the message is the reply; ERR_STATE: there is no
                           server, or it died; ERR_BUSY: the queue is full */
#define SYS_RECEIVE 13u /* server handle, message: waits for a request; ERR_STATE: all clients are gone */
#define SYS_REPLY 14u   /* server handle, message: answers the request that this thread received last; ERR_STATE: none,
                           or its client is gone */

#define SERVICE_MESSAGE_MAX 256u
#define SERVICE_MESSAGE_PAGES_MAX 16u
struct service_message {
	uint32_t size;    /* bytes of data in use */
	uint32_t pages;   /* whole pages that go with it, 0..SERVICE_MESSAGE_PAGES_MAX */
	uint64_t address; /* of the pages, in the sender's or receiver's address space; of pages that SYS_MEMORY_MAP or a
	                     message gave */
	uint8_t data[SERVICE_MESSAGE_MAX];
};

/* ---- the first process alone: it holds the archive and the door ---- */

#define SYS_CHANNEL_CREATE 15u /* int32_t handle[2]: server end, client end */
#define SYS_FILE_MAP 16u       /* archive handle, name, struct service_file: maps a file of the archive read-only */
#define SYS_PROCESS_START 17u  /* archive handle, struct service_start: handle of the process; ERR_NOT_FOUND: no such file;
                                  ERR_FORMAT: not a program; ERR_NO_MEMORY */
#define SYS_PROCESS_WAIT 18u   /* struct service_exit: waits until a process that this one started has ended; its handle is
                                  closed; ERR_STATE: there is none */
#define SYS_PUBLISH 19u        /* door handle, protocol number (abi/svsm.h), client handle: calls of the guest for that
                                  protocol go to this channel from now on */
#define SYS_COUNT 20u

#define SERVICE_LOG_MAX 120u
#define SERVICE_RANDOM_MAX 256u
#define SERVICE_NAME_MAX 32u /* with the NUL */
#define SERVICE_HANDLES_MAX 32u /* of one process */
#define SERVICE_ENVIRONMENT_MAX 1024u

struct service_file {
	uint64_t address;
	uint64_t size;
};

struct service_start {
	char name[SERVICE_NAME_MAX]; /* argv[0], and the name in the log */
	char file[SERVICE_NAME_MAX]; /* in the archive */
	uint64_t memory_limit;       /* bytes, without what is mapped from the archive */
	uint64_t environment;        /* NUL-terminated strings, one behind the other */
	uint32_t environment_size;   /* with the last NUL; 0..SERVICE_ENVIRONMENT_MAX */
	uint32_t handle_count;
	int32_t handle[SERVICE_HANDLES_MAX]; /* the starter's; they are 0, 1, ... in the new process */
	uint64_t run_limit; /* milliseconds of processor time that it may take for one request; 0: the default */
};

#define SERVICE_EXIT_CODE 0u  /* SYS_EXIT; code is its argument */
#define SERVICE_EXIT_FAULT 1u /* an exception; code is the vector */
#define SERVICE_EXIT_LIMIT 2u /* it took more processor time than its limit allows */
struct service_exit {
	int32_t handle;
	uint32_t reason;
	int64_t code;
};

/* Handles of the first process. */
#define SERVICE_INIT_LOG 0
#define SERVICE_INIT_RANDOM 1
#define SERVICE_INIT_ARCHIVE 2
#define SERVICE_INIT_DOOR 3
#define SERVICE_INIT_FILE "init"
#define SERVICE_INIT_MANIFEST "manifest"

/* ---- requests of the monitor to services ---- */

/* First word of every request's data. */
#define SERVICE_OP_VTPM_COMMAND 1u  /* one page: struct vtpm_request in data, the command in the page; reply:
                                       struct vtpm_reply in data, the same page with the response */
#define SERVICE_OP_VTPM_MANIFEST 2u /* one page: reply: struct vtpm_reply, the page with the service's manifest */

/*
 * To every service behind a door: the guest is being reset. What a power cycle of the device that the service stands for
 * clears is cleared before the reply, and what it keeps is kept: a TPM is as after power-on (PCRs reset, sessions and
 * objects in RAM gone, TPM2_Startup wanted, NV as it was). No page; reply: struct reset_reply. A service that does not
 * answer, or with an error, is one whose state belongs to the guest before: the monitor then ends the VM instead of
 * starting the guest again. One that ends meanwhile is asked again once it was started anew.
 */
#define SERVICE_OP_RESET 0x100u

struct reset_request {
	uint32_t op;
	uint32_t reserved; /* 0 */
};

struct reset_reply {
	int32_t error; /* 0, or ERR_* */
};

struct vtpm_request {
	uint32_t op;
	uint32_t locality;
	uint32_t size; /* of the command in the page, at offset 0 */
};

struct vtpm_reply {
	int32_t error; /* 0, or ERR_* when there is no response at all */
	uint32_t size; /* of the response in the page, at offset 0 */
};

/* ---- test images: protocol 0x70FFFFFF, RCX of the call ---- */

#define TEST_MONITOR_MEMORY 0u /* bytes of the monitor's region in use */
#define TEST_MONITOR_STAYS 1u  /* stays of this vCPU's CPU at VMPL0 in bucket RDX: below 2^RDX microseconds */

/* ---- archive ---- */

/*
 * Header, entries, then files; each file starts at a page boundary (offset from the start of the archive), in the order
 * of the entries, and the rest of its last page is zero. Names are NUL-terminated, not empty, and unique.
 */
#define ARCHIVE_MAGIC 0x3143524148534143ull /* "CASHARC1" */
#define ARCHIVE_FILES_MAX 32u

struct archive_header {
	uint64_t magic;
	uint32_t count;
	uint32_t reserved; /* 0 */
	uint64_t size;     /* of the whole archive, a multiple of the page size */
};

struct archive_entry {
	char name[SERVICE_NAME_MAX];
	uint64_t offset;
	uint64_t size;
};

#endif
