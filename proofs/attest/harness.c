/* SPDX-License-Identifier: MIT */
/*
 * Attestation calls: a guest that writes anything, a service that answers anything, a security processor that may fail. The
 * bytes of reports, manifests and certificates are not followed: where they come from and go to is.
 */
#include "proofs/prover.h"

#include "kernel/protocol/attest.c"

static struct work memory;
static uint64_t address; /* of the request */
static struct svsm_attest_request asked; /* what was read of it */

/* ---- guest memory ---- */

static uint32_t reads, nonce_reads;
static bool report_owned, manifest_owned, certificates_owned;

int guest_read(gpa_t from, void *out, uint64_t size)
{
	PROVE(out == &memory.request && from.v == address && size <= sizeof(memory.request), "the request, into its copy");
	PROVE((from.v & PAGE_MASK) + size <= PAGE_SIZE && (from.v & 7u) == 0, "aligned, in one page");
	PROVE(size == (memory.all ? REQUEST_ALL_SIZE : sizeof(memory.request)), "as much as the call has");
	reads++;
	memory.request = asked = ANY(struct svsm_attest_request);
	return any_bool() ? 0 : any_bool() ? ERR_ADDRESS : ERR_FAULT;
}

int guest_read_range(gpa_t from, void *out, uint64_t size)
{
	PROVE(out == memory.nonce && from.v == asked.nonce && size == sizeof(memory.nonce), "the nonce, into its copy");
	nonce_reads++;
	return any_bool() ? 0 : any_bool() ? ERR_ADDRESS : ERR_FAULT;
}

/* A range that is the guest's does not wrap; an empty one is. */
bool guest_owns_range(gpa_t start, uint64_t size)
{
	bool owned = size == 0 || (any_bool() && start.v <= UINT64_MAX - size);

	report_owned = report_owned || (owned && start.v == asked.report.address && size == asked.report.size);
	manifest_owned = manifest_owned || (owned && start.v == asked.manifest.address && size == asked.manifest.size);
	certificates_owned = certificates_owned || (owned && start.v == asked.certificates.address && size == asked.certificates.size);
	return owned;
}

static uint32_t writes;
static bool have_report;
static uint32_t certificates_there;

int guest_write_range(gpa_t to, const void *data, uint64_t size)
{
	PROVE(have_report, "nothing is written before there is a report");
	PROVE(report_owned && manifest_owned && certificates_owned, "only what was the guest's alone is written");
	if (writes == 0)
		PROVE(to.v == asked.report.address && size == sizeof(struct snp_report) && size <= asked.report.size && data == &memory.answer.report, "the report, where it fits");
	else if (writes == 1)
		PROVE(to.v == asked.manifest.address && size == memory.manifest_size && size <= asked.manifest.size && data == memory.manifest, "the manifest, where it fits");
	else
		PROVE(to.v == asked.certificates.address && size == certificates_there && size <= asked.certificates.size && data == memory.answer.certificates, "the certificates, where they fit");
	PROVE(size == 0 || __CPROVER_r_ok(data, size), "no more than there is");
	writes++;
	return any_bool() ? 0 : any_bool() ? ERR_ADDRESS : ERR_FAULT;
}

/* ---- the service ---- */

static uint32_t manifests;

bool door_is_open(uint32_t protocol)
{
	PROVE(protocol == SVSM_PROTOCOL_VTPM, "the door of the vTPM");
	return any_bool();
}

int door_vtpm_manifest(uint8_t *out, uint32_t capacity, uint32_t *size)
{
	PROVE(__CPROVER_same_object(out, &memory) && out >= memory.manifest && out + capacity <= memory.manifest + sizeof(memory.manifest), "into the manifest, as much as there is room for");
	manifests++;
	*size = any_u32();
	ASSUME(*size <= capacity);
	return any_bool() ? 0 : any_bool() ? ERR_BUSY : any_bool() ? ERR_INCOMPLETE : any_bool() ? ERR_NO_MEMORY : ERR_STATE;
}

/* ---- the security processor ---- */

static struct percpu cpu;
static uint32_t hashes, reports;
static bool open;

struct percpu *percpu_self(void) { return &cpu; }
bool psp_is_open(void) { return open; }

bool psp_certificates_known(uint32_t *size)
{
	*size = any_u32();
	return any_bool();
}

void psp_sha512(const void *a, uint64_t a_size, const void *b, uint64_t b_size, uint8_t out[PSP_REPORT_DATA_SIZE])
{
	PROVE(a == memory.nonce && a_size == SVSM_ATTEST_NONCE_SIZE && nonce_reads == 1, "over the nonce");
	PROVE(b == memory.manifest && b_size == memory.manifest_size && b_size <= sizeof(memory.manifest), "and all of the manifest");
	PROVE(out == memory.question.data, "into the question");
	hashes++;
}

int psp_report(const struct psp_request *request, struct psp_answer *answer)
{
	PROVE(request == &memory.question && answer == &memory.answer && hashes == 1, "a report over the hash");
	PROVE(request->owner == cpu.index && request->certificates == (asked.certificates.size != 0), "for this vCPU, with certificates when they are wanted");
	PROVE(asked.report.size >= sizeof(struct snp_report) && asked.manifest.size >= memory.manifest_size, "not asked for what does not fit");
	reports++;
	have_report = any_bool();
	if (!have_report)
		return any_bool() ? ERR_BUSY : any_bool() ? ERR_HOST : any_bool() ? ERR_STATE : ERR_UNSUPPORTED;
	answer->certificates_size = certificates_there = any_u32();
	ASSUME(certificates_there <= PSP_CERTIFICATES_MAX);
	return 0;
}

uint64_t protocol_result(int error)
{
	PROVE(error != 0, "an error");
	return error == ERR_INVALID ? SVSM_ERR_INVALID_PARAMETER : error == ERR_ADDRESS ? SVSM_ERR_INVALID_ADDRESS :
	       error == ERR_BUSY ? SVSM_ERR_BUSY : error == ERR_INCOMPLETE ? SVSM_ERR_INCOMPLETE : SVSM_ERR_INVALID_REQUEST;
}

static void begin(void)
{
	__CPROVER_havoc_object(&memory);
	work = &memory;
	work->all = any_bool();
	cpu.index = any_u32();
	open = any_bool();
}

/* ---- the request ---- */

static bool buffer_good(const struct svsm_attest_buffer *buffer)
{
	return buffer->reserved == 0 && buffer->size <= 0x100000 && (buffer->size == 0 || (buffer->address & PAGE_MASK) == 0);
}

static bool apart(const struct svsm_attest_buffer *a, const struct svsm_attest_buffer *b)
{
	return a->size == 0 || b->size == 0 || a->address + a->size <= b->address || b->address + b->size <= a->address;
}

static bool single_good(void)
{
	uint32_t i = any_u8() % 16u;

	return asked.manifest_version == 0 && asked.reserved_54 == 0 && asked.service[i] == guid_vtpm[i];
}

void prove_request(void)
{
	uint32_t i = any_u8() % 6u;

	begin();
	address = any_u64();
	int error = read_request(address);

	PROVE(reads <= 1 && nonce_reads <= 1 && IMPLIES(nonce_reads != 0, reads == 1), "request and nonce are read once each");
	if (error != 0) {
		PROVE(error == ERR_INVALID || error == ERR_ADDRESS || error == ERR_FAULT, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(nonce_reads == 1, "the nonce was read");
	PROVE(buffer_good(&asked.report) && buffer_good(&asked.manifest) && buffer_good(&asked.certificates), "buffers are small, at pages");
	PROVE(asked.nonce_size == SVSM_ATTEST_NONCE_SIZE && asked.reserved_1a[i] == 0, "the nonce has its size");
	PROVE(report_owned && manifest_owned && certificates_owned, "the buffers are the guest's alone");
	PROVE(apart(&asked.report, &asked.manifest) && apart(&asked.report, &asked.certificates) && apart(&asked.manifest, &asked.certificates), "they do not overlap");
	if (work->all) {
		CANARY("for all services");
	} else {
		PROVE(single_good(), "a service that there is");
		CANARY("for a single service");
	}
}

/* ---- the manifest ---- */

void prove_manifest(void)
{
	struct svsm_services_header header;
	struct svsm_services_entry entry;
	uint32_t i = any_u8() % 16u;

	begin();
	int error = work->all ? all_manifests() : single_manifest();

	PROVE(manifests <= 1, "the service is asked once");
	if (error != 0) {
		PROVE(error == ERR_BUSY || error == ERR_INCOMPLETE || (error == ERR_STATE && !work->all), "a table of all services is always had");
		CANARY("none");
		return;
	}
	PROVE(work->manifest_size != 0 && work->manifest_size <= sizeof(work->manifest), "it lies inside");
	if (!work->all) {
		CANARY("of a single service");
		return;
	}
	memcpy(&header, work->manifest, sizeof(header));
	memcpy(&entry, work->manifest + sizeof(header), sizeof(entry));
	PROVE(header.guid[i] == guid_services[i] && header.size == work->manifest_size && header.count <= 1, "the header says what there is");
	PROVE(IMPLIES(header.count == 0, header.size == 24), "nothing, without services");
	if (header.count == 1) {
		PROVE(entry.guid[i] == guid_vtpm[i] && entry.offset == 48 && entry.length == header.size - 48u, "the entry, where its manifest is");
		CANARY("of the vTPM");
	}
}

/* ---- the call ---- */

/* What prove_request() shows of it. */
int stub_read_request(uint64_t at)
{
	PROVE(at == address, "the request of the call");
	memory.request = asked = ANY(struct svsm_attest_request);
	if (any_bool())
		return any_bool() ? ERR_INVALID : any_bool() ? ERR_ADDRESS : ERR_FAULT;
	ASSUME(buffer_good(&asked.report) && buffer_good(&asked.manifest) && buffer_good(&asked.certificates));
	nonce_reads = 1;
	report_owned = manifest_owned = certificates_owned = true;
	return 0;
}

/* What prove_manifest() shows of them. */
static int any_manifest(void)
{
	memory.manifest_size = any_u32();
	ASSUME(memory.manifest_size != 0 && memory.manifest_size <= sizeof(memory.manifest));
	return any_bool() ? 0 : any_bool() ? ERR_BUSY : ERR_INCOMPLETE;
}

int stub_all_manifests(void)
{
	PROVE(memory.all, "of all services, when they are asked for");
	return any_manifest();
}

int stub_single_manifest(void)
{
	PROVE(!memory.all, "of one service, when it is asked for");
	return any_bool() ? ERR_STATE : any_manifest();
}

static bool same(const struct vcpu_call *a, const struct vcpu_call *b)
{
	return a->rcx == b->rcx && a->rdx == b->rdx && a->r8 == b->r8;
}

void prove_call(void)
{
	struct vcpu_call call, before;
	uint32_t number = any_u32();

	begin();
	before = call;
	address = call.rcx;
	uint64_t code = protocol_attest(number, &call);

	PROVE(attest_lock.taken == 0, "the lock is free");
	PROVE(reports <= 1 && IMPLIES(writes != 0, reports == 1), "one report is asked for");
	PROVE(IMPLIES(!open || number > 1, code != SVSM_SUCCESS && reports == 0), "what is not offered is refused");
	if (code != SVSM_SUCCESS) {
		PROVE(IMPLIES(code != SVSM_ERR_INVALID_PARAMETER, same(&call, &before)), "a failure that is not about sizes changes no register");
		PROVE(IMPLIES(!same(&call, &before), call.rcx == memory.manifest_size && call.r8 == sizeof(struct snp_report) && writes == 0), "sizes are told in place of results");
		if (!same(&call, &before))
			CANARY("too small");
		return;
	}
	PROVE(writes == 3 && have_report, "all three were written");
	PROVE(call.rcx == memory.manifest_size && call.rdx == certificates_there && call.r8 == sizeof(struct snp_report), "registers are the sizes");
	CANARY("attested");
}

/* ---- its memory ---- */

static bool no_memory;

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count * PAGE_SIZE >= sizeof(struct work) && (count - 1) * PAGE_SIZE < sizeof(struct work), "as many frames as it takes");
	no_memory = any_bool();
	*out = pa(5);
	return no_memory ? ERR_NO_MEMORY : 0;
}

void *paging_region_pointer(pa_t address)
{
	PROVE(address.v == 5, "the frames that were allocated");
	return &memory;
}

void log_line(const char *format, ...)
{
	PROVE(no_memory, "only without memory");
}

void prove_memory(void)
{
	work = NULL;
	protocol_attest_init();
	PROVE(work == (no_memory ? NULL : &memory), "memory of its own, or none");
	PROVE(IMPLIES(no_memory, !protocol_attest_offered()), "without it the protocol is not offered");
	if (no_memory)
		CANARY("without memory");
	else
		CANARY("with memory");
}
