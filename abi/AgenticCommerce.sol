// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// The ERC-8183 contract of a devnet: the standard's statuses, roles and events, with the events in the form of the
/// reference contract. A devnet has no tokens, hooks or fees: `paymentToken` and `hook` are recorded and never called.
/// Two rules of the reference contract are left out, because a devnet's jobs expire within a minute: the shortest life
/// of a job, and the evaluator's extra hour after a late submission.
contract AgenticCommerce {
    enum Status {
        Open,
        Funded,
        Submitted,
        Completed,
        Rejected,
        Expired
    }

    struct Job {
        uint256 id;
        address client;
        address provider;
        address evaluator;
        string description;
        uint256 budget;
        uint256 expiredAt;
        Status status;
        address hook;
        address paymentToken;
        uint256 providerAgentId;
    }

    event JobCreated(
        uint256 indexed jobId,
        address indexed client,
        address indexed provider,
        address evaluator,
        uint256 expiredAt,
        address hook
    );
    event ProviderSet(uint256 indexed jobId, address indexed provider, uint256 agentId);
    event BudgetSet(uint256 indexed jobId, address indexed token, uint256 amount);
    event JobFunded(uint256 indexed jobId, address indexed client, uint256 amount);
    event JobSubmitted(uint256 indexed jobId, address indexed provider, bytes32 deliverable);
    event JobCompleted(uint256 indexed jobId, address indexed evaluator, bytes32 reason);
    event JobRejected(uint256 indexed jobId, address indexed rejector, bytes32 reason);
    event JobExpired(uint256 indexed jobId);
    event PaymentReleased(uint256 indexed jobId, address indexed provider, uint256 amount);
    event Refunded(uint256 indexed jobId, address indexed client, uint256 amount);

    error UnknownJob(uint256 jobId);
    error WrongStatus(Status status);
    error WrongCaller(address caller);
    error WrongAddress(string parameter);
    error WrongBudget(uint256 budget);
    error AlreadyExpired(uint256 expiredAt);
    error NotYetExpired(uint256 expiredAt);

    mapping(uint256 => Job) private jobs;
    uint256 public jobCount;

    function getJob(uint256 jobId) external view returns (Job memory) {
        return jobs[jobId];
    }

    /// The caller is the client. If the provider is zero, setProvider() sets it later.
    function createJob(
        address provider,
        address evaluator,
        uint256 expiredAt,
        string calldata description,
        address hook
    ) external returns (uint256 jobId) {
        if (evaluator == address(0) || evaluator == provider) revert WrongAddress("evaluator");
        if (expiredAt <= block.timestamp) revert AlreadyExpired(expiredAt);
        jobId = ++jobCount;
        Job storage job = jobs[jobId];
        job.id = jobId;
        job.client = msg.sender;
        job.provider = provider;
        job.evaluator = evaluator;
        job.description = description;
        job.expiredAt = expiredAt;
        job.hook = hook;
        emit JobCreated(jobId, msg.sender, provider, evaluator, expiredAt, hook);
    }

    function setProvider(uint256 jobId, address provider, uint256 agentId) external {
        Job storage job = existing(jobId);
        requireStatus(job, job.status == Status.Open && job.provider == address(0));
        requireCaller(job.client);
        if (provider == address(0) || provider == job.evaluator) revert WrongAddress("provider");
        job.provider = provider;
        job.providerAgentId = agentId;
        emit ProviderSet(jobId, provider, agentId);
    }

    /// The caller is the client or the provider.
    function setBudget(uint256 jobId, address token, uint256 amount) external {
        Job storage job = existing(jobId);
        requireStatus(job, job.status == Status.Open);
        if (msg.sender != job.provider) requireCaller(job.client);
        if (token == address(0)) revert WrongAddress("token");
        job.paymentToken = token;
        job.budget = amount;
        emit BudgetSet(jobId, token, amount);
    }

    /// `expectedBudget` protects the client from a budget that the provider changed in between.
    function fund(uint256 jobId, uint256 expectedBudget) external {
        Job storage job = existing(jobId);
        requireStatus(job, job.status == Status.Open);
        requireCaller(job.client);
        if (job.provider == address(0)) revert WrongAddress("provider");
        if (job.budget != expectedBudget) revert WrongBudget(job.budget);
        if (block.timestamp >= job.expiredAt) revert AlreadyExpired(job.expiredAt);
        job.status = Status.Funded;
        emit JobFunded(jobId, job.client, job.budget);
    }

    /// An open job without a budget needs no funding.
    function submit(uint256 jobId, bytes32 deliverable) external {
        Job storage job = existing(jobId);
        requireStatus(job, job.status == Status.Funded || (job.status == Status.Open && job.budget == 0));
        requireCaller(job.provider);
        job.status = Status.Submitted;
        emit JobSubmitted(jobId, job.provider, deliverable);
    }

    function complete(uint256 jobId, bytes32 reason) external {
        Job storage job = existing(jobId);
        requireStatus(job, job.status == Status.Submitted);
        requireCaller(job.evaluator);
        job.status = Status.Completed;
        emit JobCompleted(jobId, job.evaluator, reason);
        emit PaymentReleased(jobId, job.provider, job.budget);
    }

    /// The caller is the client while the job is open, and the evaluator once it is funded or submitted.
    function reject(uint256 jobId, bytes32 reason) external {
        Job storage job = existing(jobId);
        requireStatus(job, job.status <= Status.Submitted);
        requireCaller(job.status == Status.Open ? job.client : job.evaluator);
        refund(job);
        job.status = Status.Rejected;
        emit JobRejected(jobId, msg.sender, reason);
    }

    /// Anyone may call this once the job has expired.
    function claimRefund(uint256 jobId) external {
        Job storage job = existing(jobId);
        requireStatus(job, job.status <= Status.Submitted);
        if (block.timestamp < job.expiredAt) revert NotYetExpired(job.expiredAt);
        refund(job);
        job.status = Status.Expired;
        emit JobExpired(jobId);
    }

    /// An open job was never funded, so nothing is refunded.
    function refund(Job storage job) private {
        if (job.status != Status.Open && job.budget > 0) emit Refunded(job.id, job.client, job.budget);
    }

    function existing(uint256 jobId) private view returns (Job storage job) {
        job = jobs[jobId];
        if (job.client == address(0)) revert UnknownJob(jobId);
    }

    function requireStatus(Job storage job, bool right) private view {
        if (!right) revert WrongStatus(job.status);
    }

    function requireCaller(address expected) private view {
        if (msg.sender != expected) revert WrongCaller(msg.sender);
    }
}
