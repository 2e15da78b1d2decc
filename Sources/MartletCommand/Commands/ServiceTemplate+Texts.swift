extension ServiceTemplate {
  static let notesText = """
    roles: [editor]

    resources:
      notes:
        description: What people write down.
        fields:
          owner: {ref: users, default: caller.id, immutable: true}      # whoever creates it
          title: {type: string, length: 1..200, required: true}
          body:  {type: text, length: 0..10000}
          pinned: {type: boolean, default: false}
        indexes: [[owner, -created_at]]
        access:                         # what is not granted is denied
          create: authenticated
          read:   record.owner == caller.id || caller.has_role("editor")
          update: record.owner == caller.id
          delete: record.owner == caller.id

    """

  static let shopText = """
    roles: [support, finance, admin]

    resources:
      customers:
        description: People who buy.
        fields:
          user:  {ref: users, default: caller.id, unique: true, immutable: true}
          email: {type: email, unique: true, required: true, personal: true}
          name:  {type: string, length: 1..200, required: true, personal: true}
        access:                         # what is not granted is denied
          create: authenticated
          read:   record.user == caller.id || caller.has_role("support") || caller.has_role("admin")
          update: record.user == caller.id
          delete: [admin]

      products:
        description: What is sold.
        fields:
          sku:   {type: string, pattern: "[A-Z0-9-]{3,32}", unique: true, required: true}     # RE2, the whole value
          name:  {type: string, length: 1..200, required: true}
          price: {type: money, required: true, minimum: 0}              # {"amount": 499, "currency": "EUR"}: cents
          stock: {type: integer, minimum: 0, default: 0}
        access: {read: anyone, create: [admin], update: [admin], delete: [admin], export: [admin]}

      orders:
        description: What a customer has ordered.
        fields:
          customer: {ref: customers, required: true, immutable: true, on_delete: restrict}
          status:   {type: enum, values: [pending, paid, shipped, cancelled], default: pending, index: true}
          total:    {type: money, required: true, minimum: 0}
          placed:   {type: timestamp, default: now}
          items:    {many: order_items, by: order}                      # the inverse of a ref: no column
        indexes: [[-placed], [customer, -placed]]
        history: true                   # every change can be read back
        idempotency: required           # a retry never orders twice
        access:
          create: record.customer.user == caller.id
          read:   record.customer.user == caller.id || caller.has_role("support") || caller.has_role("finance")
        states:
          field: status
          transitions:
            pay:    {from: pending, to: paid, access: [finance]}
            ship:   {from: paid, to: shipped, access: [support]}
            cancel: {from: [pending, paid], to: cancelled, access: record.customer.user == caller.id}

      order_items:
        description: One line of an order.
        fields:
          order:    {ref: orders, required: true, immutable: true, on_delete: cascade}
          product:  {ref: products, required: true, on_delete: restrict}
          quantity: {type: integer, minimum: 1, maximum: 1000, required: true}
        unique: [[order, product]]
        access:
          create: record.order.customer.user == caller.id
          read:   record.order.customer.user == caller.id || caller.has_role("support")

    """

  /// What every policy test begins with.
  static let policyTest = """
    #!/bin/sh
    # Who may do what, asked of a service of its own: sh policy_test.sh. Ends with the number of answers that were not as expected.
    set -u
    cd "$(dirname "$0")" || exit 1
    folder=$(mktemp -d)
    export MARTLET_DATA="$folder" DATABASE_URL="sqlite:$folder/test.db"
    martlet serve --listen 127.0.0.1:0 --log json 2>"$folder/log" &
    service=$!
    trap 'kill $service 2>/dev/null; wait $service; rm -rf "$folder"' EXIT
    until grep -q '"message":"ready"' "$folder/log"; do
      kill -0 $service 2>/dev/null || { cat "$folder/log"; exit 1; }
      sleep 0.1
    done
    api=$(sed -n 's/.*"message":"ready","addresses":"\\([^",]*\\).*/\\1/p' "$folder/log")/v1
    failed=0

    # as NAME [ROLE]: the next requests are that caller's; without a name nobody's.
    as() { token=${1:+$(martlet token --as "$1" ${2:+--role "$2"})}; who=${1:-nobody}${2:+, $2}; }

    # expect STATUS METHOD PATH [BODY]: the answer is in $answer, its id in $id.
    expect() {
      answer=$(curl -s -w '\\n%{http_code}' -X "$2" ${token:+-H "Authorization: Bearer $token"} -H 'Content-Type: application/json' \\
        -H "Idempotency-Key: \\"$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')\\"" ${4:+-d "$4"} "$api$3")
      status=$(printf '%s' "$answer" | tail -n 1)
      id=$(printf '%s' "$answer" | sed -n 's/^{"id":"\\([^"]*\\)".*/\\1/p')
      if [ "$status" = "$1" ]; then
        echo "ok      $who: $2 $3 is $1"
      else
        echo "FAILED  $who: $2 $3 is $status, not $1: $answer"
        failed=$((failed + 1))
      fi
    }


    """

  static let notesPolicy = """
    as
    expect 401 POST /notes '{"title": "Nobody writes"}'
    as ada
    expect 201 POST /notes '{"title": "First"}'
    note=$id
    expect 200 GET "/notes/$note"
    expect 200 PATCH "/notes/$note" '{"title": "Second"}'
    as bob
    expect 404 GET "/notes/$note"
    expect 404 PATCH "/notes/$note" '{"title": "Stolen"}'
    expect 404 DELETE "/notes/$note"
    as eve editor
    expect 200 GET "/notes/$note"
    expect 403 DELETE "/notes/$note"
    as ada
    expect 204 DELETE "/notes/$note"

    echo "$failed failed"
    exit $failed

    """

  static let shopPolicy = """
    as
    expect 200 GET /products
    expect 401 POST /products '{}'
    as ada
    product='{"sku": "TEA-01", "name": "Green tea", "price": {"amount": 499, "currency": "EUR"}}'
    expect 403 POST /products "$product"
    as root admin
    expect 201 POST /products "$product"
    product=$id
    as ada
    expect 201 POST /customers '{"email": "ada@shop.example", "name": "Ada"}'
    customer=$id
    order="{\\"customer\\": \\"$customer\\", \\"total\\": {\\"amount\\": 499, \\"currency\\": \\"EUR\\"}}"
    expect 201 POST /orders "$order"
    mine=$id
    expect 201 POST /order_items "{\\"order\\": \\"$mine\\", \\"product\\": \\"$product\\", \\"quantity\\": 1}"
    expect 403 POST "/orders/$mine/pay"
    as bob
    expect 404 GET "/customers/$customer"
    expect 404 GET "/orders/$mine"
    expect 404 POST "/orders/$mine/cancel"
    expect 403 POST /orders "$order"
    as fay finance
    expect 200 POST "/orders/$mine/pay"
    expect 403 POST "/orders/$mine/ship"
    as sam support
    expect 200 POST "/orders/$mine/ship"
    as ada
    expect 409 POST "/orders/$mine/cancel"

    echo "$failed failed"
    exit $failed

    """
}
