/* SPDX-License-Identifier: MIT */
/*
 * The mailbox of the security processor, with a host that answers anything at any time. Each call starts from any state that
 * keeps the invariants and leaves one. Of the channel of messages is known what proofs/guest_message shows.
 */
#include "proofs/prover.h"

#include "kernel/psp/mailbox.c"

#define REQUEST_PAGE 0x10000ull
#define RESPONSE_PAGE 0x11000ull
#define CERTIFICATES_PAGE 0x12000ull

static struct mailbox memory;
static uint8_t request_page[PAGE_SIZE], response_page[PAGE_SIZE], certificate_pages[PSP_CERTIFICATES_MAX];
static uint32_t byte; /* of what the report is over; nobody chose it */

void log_line(const char *format, ...) { }

void *paging_region_pointer(pa_t address)
{
	if (address.v == REQUEST_PAGE)
		return request_page;
	if (address.v == RESPONSE_PAGE)
		return response_page;
	PROVE(address.v >= CERTIFICATES_PAGE && address.v < CERTIFICATES_PAGE + PSP_CERTIFICATES_MAX, "one of the mailbox's pages");
	return certificate_pages + (address.v - CERTIFICATES_PAGE);
}

static uint64_t now;

uint64_t cpu_read_tsc(void)
{
	uint64_t later = any_u64();

	ASSUME(later >= now);
	now = later;
	return now;
}

uint64_t platform_ticks_per_ms(void) { return any_u32(); }

/* ---- the channel: what proofs/guest_message shows ---- */

static uint32_t seals, sends; /* sends: of the message that is sealed */

int guest_channel_seal(struct guest_channel *channel, uint8_t type, const void *payload, uint32_t size)
{
	const struct snp_report_req *question = payload;

	PROVE(channel->state == GUEST_CHANNEL_READY, "nothing is sealed before the answer to the last one");
	PROVE(type == SNP_MSG_REPORT_REQ && size == sizeof(*question) && question->vmpl == 0 && question->flags == 0, "a report of VMPL0");
	PROVE(question->user_data[byte] == memory.request.data[byte], "over what the request says");
	if (any_bool()) {
		channel->state = GUEST_CHANNEL_WIPED;
		return ERR_OVERFLOW;
	}
	channel->state = GUEST_CHANNEL_SENT;
	seals++;
	sends = 0;
	return 0;
}

const uint8_t *guest_channel_request(const struct guest_channel *channel)
{
	PROVE(channel->state == GUEST_CHANNEL_SENT, "there is a message to send");
	return channel->request;
}

int guest_channel_skip(struct guest_channel *channel)
{
	PROVE(channel->state == GUEST_CHANNEL_SENT, "a message is given up that was sealed");
	channel->state = GUEST_CHANNEL_READY;
	return 0;
}

void guest_channel_wipe(struct guest_channel *channel)
{
	channel->state = GUEST_CHANNEL_WIPED;
}

int guest_channel_open(struct guest_channel *channel, const volatile void *page, const uint8_t **payload, uint32_t *size)
{
	PROVE(channel->state == GUEST_CHANNEL_SENT && page == response_page, "an answer is opened when something was asked");
	if (any_bool())
		return ERR_FORMAT;
	*size = any_u32();
	ASSUME(*size != 0 && *size <= SNP_MSG_PAYLOAD_MAX);
	*payload = __CPROVER_allocate(*size, 0);
	channel->state = GUEST_CHANNEL_READY;
	return 0;
}

/* ---- bytes ---- */

static bool response_zeroed, message_copied;
static uint32_t tables_zeroed;

void *memset(void *destination, int value, size_t size)
{
	PROVE(value == 0 && __CPROVER_w_ok(destination, size), "zeros");
	if (destination == response_page && size == PAGE_SIZE)
		response_zeroed = true;
	if (__CPROVER_same_object(destination, certificate_pages))
		tables_zeroed++;
	return destination;
}

struct report_data {
	uint8_t data[PSP_REPORT_DATA_SIZE];
};

/* Certificates and messages are not followed, only where they go. */
void *memcpy(void *destination, const void *source, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(destination, size) && __CPROVER_r_ok(source, size)), "both sides are as long");
	if (destination == request_page) {
		PROVE(source == memory.channel.request && size == PAGE_SIZE, "the message that was sealed");
		message_copied = true;
	} else if (size == PSP_REPORT_DATA_SIZE) {
		*(struct report_data *)destination = *(const struct report_data *)source;
	} else if (destination == &memory.answer.report) {
		PROVE(size == sizeof(struct snp_report), "a report");
		memory.answer.report = *(const struct snp_report *)source;
	}
	return destination;
}

int memcmp(const void *a, const void *b, size_t size)
{
	struct report_data left, right;
	uint8_t difference = 0;

	PROVE(size == sizeof(left) && __CPROVER_r_ok(a, size) && __CPROVER_r_ok(b, size), "what reports are over");
	left = *(const struct report_data *)a;
	right = *(const struct report_data *)b;
	for (uint32_t i = 0; i < sizeof(left); i++)
		difference |= left.data[i] ^ right.data[i];
	return difference;
}

static bool table_parsed; /* a table of certificates of the host's is handed out after it was looked at */

int certificate_table_size(const uint8_t *table, uint32_t capacity, uint32_t *size)
{
	PROVE(table == memory.answer.certificates && capacity == PSP_CERTIFICATES_MAX, "the copy, not what the host can change");
	if (any_bool())
		return ERR_FORMAT;
	*size = any_u32();
	ASSUME(*size <= capacity);
	table_parsed = true;
	return 0;
}

/* ---- the host ---- */

int platform_message_carry(const struct platform_message *sent, uint64_t *detail)
{
	PROVE(sent == &message && response_zeroed && message_copied, "the message is there, an old answer is not");
	PROVE(tables_zeroed == PSP_CERTIFICATE_PAGES, "no old certificates are there");
	PROVE(sent->certificate_pages == 0 || (sent->certificate_pages == PSP_CERTIFICATE_PAGES && memory.request.certificates), "certificates when they are wanted");
	PROVE(memory.channel.state == GUEST_CHANNEL_SENT, "a sealed message");
	sends++;
	PROVE(sends <= 2, "a call sends each message at most twice");
	response_zeroed = message_copied = false;
	tables_zeroed = 0;
	*detail = any_u64();
	return any_bool() ? 0 : any_bool() ? ERR_BUSY : any_bool() ? ERR_OVERFLOW : ERR_HOST;
}

/* ---- invariants ---- */

static bool report_matches(void)
{
	return memory.answer.report.report_data[byte] == memory.request.data[byte] && memory.answer.report.vmpl == 0;
}

static bool invariants(void)
{
	uint8_t channel = (uint8_t)memory.channel.state;

	switch (state) {
	case CLOSED:
		return channel == GUEST_CHANNEL_WIPED;
	case FREE:
		return channel == GUEST_CHANNEL_READY;
	case ASKED:
		return channel == GUEST_CHANNEL_SENT && memory.failures < PSP_TRIES && memory.renewals <= PSP_RENEWALS;
	case ANSWERED:
		return channel == GUEST_CHANNEL_READY && memory.answer.certificates_size <= PSP_CERTIFICATES_MAX &&
		       IMPLIES(memory.refusal == 0, report_matches());
	default:
		return false;
	}
}

static void any_mailbox(void)
{
	__CPROVER_havoc_object(&memory);
	mailbox = &memory;
	message = (struct platform_message){ pa(REQUEST_PAGE), pa(RESPONSE_PAGE), pa(CERTIFICATES_PAGE), any_u32() };
	memory.channel.state = any_u8() % 3;
	memory.request.certificates = any_bool();
	state = any_u8() % 4;
	too_large_said = any_bool();
	byte = any_u8() % PSP_REPORT_DATA_SIZE;
	now = any_u64();
	ASSUME(memory.since <= now && invariants());
}

/* ---- proofs ---- */

static struct psp_answer answer;

static void check_error(int error, uint8_t before)
{
	PROVE(error == ERR_BUSY || error == ERR_HOST || error == ERR_STATE || error == ERR_UNSUPPORTED, "a documented error");
	PROVE((error == ERR_UNSUPPORTED) == (before == CLOSED), "a mailbox that is closed stays so");
	PROVE(IMPLIES(before == CLOSED, state == CLOSED && seals == 0), "for ever");
	PROVE(IMPLIES(state == CLOSED && before != CLOSED, error == ERR_STATE), "the caller that closes it learns so");
	PROVE(IMPLIES(error == ERR_BUSY || error == ERR_HOST, state == ASKED || state == ANSWERED), "a call to be issued again has something to wait for");
}

void prove_report(void)
{
	struct psp_request request;

	any_mailbox();
	uint8_t before = (uint8_t)state;

	request.certificates = any_bool();
	int error = psp_report(&request, &answer);

	PROVE(invariants() && psp_lock.taken == 0, "the invariants hold, the lock is free");
	if (error != 0) {
		check_error(error, before);
		if (state == CLOSED && before == ASKED)
			CANARY("closed");
		if (error == ERR_BUSY && before == ANSWERED)
			CANARY("another's answer");
		return;
	}
	PROVE(state == FREE && memory.request.owner == request.owner && memory.refusal == 0, "the caller gets its own answer");
	PROVE(answer.report.report_data[byte] == request.data[byte] && answer.report.vmpl == 0, "a report over what it asked for, of VMPL0");
	PROVE(answer.certificates_size <= PSP_CERTIFICATES_MAX, "certificates that fit");
	CANARY("a report");
	if (before == ANSWERED && seals == 0)
		CANARY("fetched");
}

/* A message that does not come back is sent a bounded number of times, then the mailbox closes. */
void prove_failed(void)
{
	any_mailbox();
	ASSUME(state == ASKED);
	uint32_t failures = memory.failures, renewals = memory.renewals;
	int error = try_failed("", 0);

	PROVE(invariants() && (error == ERR_BUSY || error == ERR_STATE), "the invariants hold");
	PROVE((error == ERR_STATE) == (state == CLOSED), "it goes on, or is closed");
	PROVE(IMPLIES(state == ASKED, memory.renewals * PSP_TRIES + memory.failures == renewals * PSP_TRIES + failures + 1), "each failure counts");
	PROVE(IMPLIES(failures == PSP_TRIES - 1 && renewals == PSP_RENEWALS, state == CLOSED), "the last one closes");
	PROVE(IMPLIES(state == ASKED, seals == (failures == PSP_TRIES - 1)), "the same message goes out again, but for the last try");
	if (state == ASKED && seals == 1)
		CANARY("the next number");
	if (state == CLOSED)
		CANARY("closed");
}

/* ---- start ---- */

static struct snp_secrets_page secrets;

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count * PAGE_SIZE >= sizeof(struct mailbox), "room for the mailbox");
	*out = pa(REQUEST_PAGE);
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

int memory_allocate_shared(uint64_t count, pa_t *out)
{
	PROVE(count == 2 + PSP_CERTIFICATE_PAGES, "room for request, response and certificates");
	*out = pa(REQUEST_PAGE);
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

int guest_channel_init(struct guest_channel *channel, guest_message_gcm gcm, uint32_t index, const uint8_t key[SNP_VMPCK_SIZE],
		       uint64_t last_number)
{
	bool good = any_bool();

	PROVE(gcm == psp_gcm && index == 0 && key == secrets.vmpck[0] && last_number == secrets.msg_seqno[0], "with the key of VMPL0");
	channel->state = good ? GUEST_CHANNEL_READY : GUEST_CHANNEL_WIPED;
	return good ? 0 : ERR_INVALID;
}

void psp_gcm(const uint8_t key[SNP_VMPCK_SIZE], const uint8_t iv[GUEST_MESSAGE_IV_SIZE], const uint8_t *aad, uint32_t aad_size,
	     uint8_t *data, uint32_t size, bool encrypt, uint8_t tag[GUEST_MESSAGE_TAG_SIZE])
{
	PROVE(false, "nothing is ciphered at the start");
}

void prove_init(void)
{
	any_mailbox();
	__CPROVER_havoc_object(&secrets);
	byte %= SNP_VMPCK_SIZE;
	psp_init(&secrets);
	PROVE(secrets.vmpck[0][byte] == 0, "the key is wiped where it came from");
	PROVE((state == FREE && memory.channel.state == GUEST_CHANNEL_READY) || state == CLOSED, "reports can be had when there is a key");
	PROVE(psp_is_open() == (state != CLOSED), "which is told");
	if (state == FREE)
		CANARY("open");
	else
		CANARY("no key");
}

void prove_frames(void)
{
	mailbox = NULL;
	if (make_mailbox() != 0) {
		CANARY("no memory");
		return;
	}
	PROVE(mailbox == (void *)request_page && message.request.v == REQUEST_PAGE && message.response.v == RESPONSE_PAGE && message.certificates.v == CERTIFICATES_PAGE,
	      "request, response and certificates lie one behind the other");
	CANARY("made");
}
